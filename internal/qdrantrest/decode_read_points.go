package qdrantrest

import (
	"net/http"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

func decodeGet(o *Operation, r *reader, q params) proto.Message {
	p := r.read(fIDs|fResults, fIDs)
	o.wants = []wants{p.wants(false)}
	return &pb.GetPoints{
		CollectionName: o.names[0], Ids: p.ids, WithPayload: p.withPayload, WithVectors: p.withVectors,
		ShardKeySelector: p.shardKey, ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

// decodeGetOne reads GET …/points/{id}, which always returns payload and vectors.
func decodeGetOne(o *Operation, _ *reader, q params) proto.Message {
	id, ok := pathID(o.names[1])
	if !ok {
		panic(&Error{Status: http.StatusBadRequest, Message: "Bad request: the id in the path must be a whole number or a UUID"})
	}
	o.wants = []wants{{payload: true, vectors: true}}
	return &pb.GetPoints{
		CollectionName: o.names[0], Ids: []*pb.PointId{id}, WithPayload: pb.NewWithPayload(true),
		WithVectors: pb.NewWithVectors(true), ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeScroll(o *Operation, r *reader, q params) proto.Message {
	p := r.read(fOffsetID|fLimit|fFilter|fOrderBy|fResults, 0)
	o.wants = []wants{p.wants(true)}
	return &pb.ScrollPoints{
		CollectionName: o.names[0], Filter: p.filter, Offset: p.offsetID, Limit: r.limit32(p.limit), OrderBy: p.orderBy,
		WithPayload: p.withPayload, WithVectors: p.withVectors, ShardKeySelector: p.shardKey,
		ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeCount(o *Operation, r *reader, q params) proto.Message {
	p := r.read(fFilter|fExact|fShardKey, 0)
	return &pb.CountPoints{
		CollectionName: o.names[0], Filter: p.filter, Exact: p.exact, ShardKeySelector: p.shardKey,
		ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeFacet(o *Operation, r *reader, q params) proto.Message {
	p := r.read(fKey|fLimit|fFilter|fExact|fShardKey, fKey)
	return &pb.FacetCounts{
		CollectionName: o.names[0], Key: p.key, Filter: p.filter, Limit: p.limit, Exact: p.exact,
		ShardKeySelector: p.shardKey, ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeMatrix(o *Operation, r *reader, q params) proto.Message {
	p := r.read(fFilter|fSample|fLimit|fUsing|fShardKey, 0)
	if p.sample != nil && *p.sample < 2 {
		r.invalid("sample: value %d invalid, must be 2 or larger", *p.sample)
	}
	return &pb.SearchMatrixPoints{
		CollectionName: o.names[0], Filter: p.filter, Sample: p.sample, Limit: p.limit, Using: p.using,
		ShardKeySelector: p.shardKey, ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeQuery(o *Operation, r *reader, q params) proto.Message {
	m := r.queryPoints(o)
	m.ReadConsistency, m.Timeout = q.consistency, q.timeout
	return m
}

// queryPoints reads a query, alone or in a batch.
func (r *reader) queryPoints(o *Operation) *pb.QueryPoints {
	p := r.read(fQueryCore|fLimit|fOffset|fResults, 0)
	o.wants = append(o.wants, p.wants(false))
	return &pb.QueryPoints{
		CollectionName: o.names[0], Prefetch: p.prefetch, Query: p.query, Using: p.using, Filter: p.filter,
		Params: p.params, ScoreThreshold: p.threshold, Limit: p.limit, Offset: p.offset, LookupFrom: p.lookupFrom,
		WithPayload: p.withPayload, WithVectors: p.withVectors, ShardKeySelector: p.shardKey,
	}
}

func decodeQueryBatch(o *Operation, r *reader, q params) proto.Message {
	return &pb.QueryBatchPoints{
		CollectionName: o.names[0], QueryPoints: searches(o, r, r.queryPoints),
		ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeQueryGroups(o *Operation, r *reader, q params) proto.Message {
	p := r.read(fQueryCore|fGroups|fResults, fGroupBy)
	o.wants = []wants{p.wants(false)}
	o.lookup = p.lookupWants()
	return &pb.QueryPointGroups{
		CollectionName: o.names[0], Prefetch: p.prefetch, Query: p.query, Using: p.using, Filter: p.filter,
		Params: p.params, ScoreThreshold: p.threshold, Limit: p.limit, GroupSize: p.groupSize, GroupBy: p.groupBy,
		WithLookup: p.withLookup, LookupFrom: p.lookupFrom, WithPayload: p.withPayload, WithVectors: p.withVectors,
		ShardKeySelector: p.shardKey, ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func (r *reader) prefetchQuery() *pb.PrefetchQuery {
	p := r.read(fQueryCore|fLimit, 0)
	return &pb.PrefetchQuery{
		Prefetch: p.prefetch, Query: p.query, Using: p.using, Filter: p.filter, Params: p.params,
		ScoreThreshold: p.threshold, Limit: p.limit, LookupFrom: p.lookupFrom,
	}
}

// searches reads {"searches": […]}.
func searches[T any](o *Operation, r *reader, read func(*Operation) T) []T {
	var all []T
	there := false
	r.object("an object with searches", func(key string) bool {
		if key != "searches" {
			return false
		}
		there = true
		r.array("an array of requests", func(int) { all = append(all, read(o)) })
		return true
	})
	r.need(there, "searches")
	return all
}
