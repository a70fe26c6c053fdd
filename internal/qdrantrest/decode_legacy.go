package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// The operations before the query API. Qdrant 1.19 no longer documents them and still serves them.

func decodeSearch(o *Operation, r *reader, q params) proto.Message {
	m := r.searchPoints(o)
	m.ReadConsistency, m.Timeout = q.consistency, q.timeout
	return m
}

func (r *reader) searchPoints(o *Operation) *pb.SearchPoints {
	p := r.read(fVector|fLegacy, fVector|fLimit)
	o.wants = append(o.wants, p.wants(false))
	return &pb.SearchPoints{
		CollectionName: o.names[0], Vector: p.vector.values, SparseIndices: p.vector.indices, VectorName: p.vector.name,
		Filter: p.filter, Params: p.params, ScoreThreshold: p.threshold, Limit: *p.limit, Offset: p.offset,
		WithPayload: p.withPayload, WithVectors: p.withVectors, ShardKeySelector: p.shardKey,
	}
}

func decodeSearchBatch(o *Operation, r *reader, q params) proto.Message {
	return &pb.SearchBatchPoints{
		CollectionName: o.names[0], SearchPoints: searches(o, r, r.searchPoints),
		ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeSearchGroups(o *Operation, r *reader, q params) proto.Message {
	p := r.read(fVector|fFilter|fParams|fThreshold|fResults|fGroups, fVector|fGroupBy|fGroupSize|fLimit)
	o.wants = []wants{p.wants(false)}
	o.lookup = p.lookupWants()
	return &pb.SearchPointGroups{
		CollectionName: o.names[0], Vector: p.vector.values, SparseIndices: p.vector.indices, VectorName: p.vector.name,
		Filter: p.filter, Params: p.params, ScoreThreshold: p.threshold, Limit: valueOf(r.limit32(p.limit)),
		GroupBy: p.groupBy, GroupSize: valueOf(r.limit32(p.groupSize)), WithLookup: p.withLookup,
		WithPayload: p.withPayload, WithVectors: p.withVectors, ShardKeySelector: p.shardKey,
		ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeRecommend(o *Operation, r *reader, q params) proto.Message {
	m := r.recommendPoints(o)
	m.ReadConsistency, m.Timeout = q.consistency, q.timeout
	return m
}

const fRecommend = fPositive | fNegative | fStrategy | fUsing | fLookupFrom

func (r *reader) recommendPoints(o *Operation) *pb.RecommendPoints {
	p := r.read(fRecommend|fLegacy, fLimit)
	o.wants = append(o.wants, p.wants(false))
	positive, positiveVectors := r.split(p.positive)
	negative, negativeVectors := r.split(p.negative)
	return &pb.RecommendPoints{
		CollectionName: o.names[0], Positive: positive, PositiveVectors: positiveVectors, Negative: negative,
		NegativeVectors: negativeVectors, Strategy: p.strategy, Using: p.using, LookupFrom: p.lookupFrom,
		Filter: p.filter, Params: p.params, ScoreThreshold: p.threshold, Limit: *p.limit, Offset: p.offset,
		WithPayload: p.withPayload, WithVectors: p.withVectors, ShardKeySelector: p.shardKey,
	}
}

func decodeRecommendBatch(o *Operation, r *reader, q params) proto.Message {
	return &pb.RecommendBatchPoints{
		CollectionName: o.names[0], RecommendPoints: searches(o, r, r.recommendPoints),
		ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeRecommendGroups(o *Operation, r *reader, q params) proto.Message {
	p := r.read(fRecommend|fFilter|fParams|fThreshold|fResults|fGroups, fGroupBy|fGroupSize|fLimit)
	o.wants = []wants{p.wants(false)}
	o.lookup = p.lookupWants()
	positive, positiveVectors := r.split(p.positive)
	negative, negativeVectors := r.split(p.negative)
	return &pb.RecommendPointGroups{
		CollectionName: o.names[0], Positive: positive, PositiveVectors: positiveVectors, Negative: negative,
		NegativeVectors: negativeVectors, Strategy: p.strategy, Using: p.using, LookupFrom: p.lookupFrom,
		Filter: p.filter, Params: p.params, ScoreThreshold: p.threshold, Limit: valueOf(r.limit32(p.limit)),
		GroupBy: p.groupBy, GroupSize: valueOf(r.limit32(p.groupSize)), WithLookup: p.withLookup,
		WithPayload: p.withPayload, WithVectors: p.withVectors, ShardKeySelector: p.shardKey,
		ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}

func decodeDiscover(o *Operation, r *reader, q params) proto.Message {
	m := r.discoverPoints(o)
	m.ReadConsistency, m.Timeout = q.consistency, q.timeout
	return m
}

func (r *reader) discoverPoints(o *Operation) *pb.DiscoverPoints {
	p := r.read(fTarget|fContext|fUsing|fLookupFrom|fLegacy&^fThreshold, fLimit)
	o.wants = append(o.wants, p.wants(false))
	m := &pb.DiscoverPoints{
		CollectionName: o.names[0], Context: p.context, Using: p.using, LookupFrom: p.lookupFrom,
		Filter: p.filter, Params: p.params, Limit: *p.limit, Offset: p.offset,
		WithPayload: p.withPayload, WithVectors: p.withVectors, ShardKeySelector: p.shardKey,
	}
	if p.target != nil {
		m.Target = &pb.TargetVector{Target: &pb.TargetVector_Single{Single: p.target}}
	}
	return m
}

func decodeDiscoverBatch(o *Operation, r *reader, q params) proto.Message {
	return &pb.DiscoverBatchPoints{
		CollectionName: o.names[0], DiscoverPoints: searches(o, r, r.discoverPoints),
		ReadConsistency: q.consistency, Timeout: q.timeout,
	}
}
