package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

func decodeUpsert(o *Operation, r *reader, q params) proto.Message {
	l := r.upsert()
	return &pb.UpsertPoints{
		CollectionName: o.names[0], Points: l.Points, ShardKeySelector: l.ShardKeySelector,
		UpdateFilter: l.UpdateFilter, UpdateMode: l.UpdateMode, Wait: q.wait, Ordering: q.ordering, Timeout: q.timeout,
	}
}

var updateModes = map[string]pb.UpdateMode{
	"upsert": pb.UpdateMode_Upsert, "insert_only": pb.UpdateMode_InsertOnly, "update_only": pb.UpdateMode_UpdateOnly,
}

// upsert reads points as a list or as columns. With both Qdrant drops the list, so both is refused.
func (r *reader) upsert() *pb.PointsUpdateOperation_PointStructList {
	l := &pb.PointsUpdateOperation_PointStructList{}
	var listed, batched bool
	r.object("an object with points or batch", func(key string) bool {
		switch key {
		case "points":
			l.Points, listed = list(r, "an array of points", (*reader).point), true
		case "batch":
			l.Points, batched = r.batch(), true
		case "shard_key":
			l.ShardKeySelector = orNil(r, (*reader).shardKeys)
		case "update_filter":
			l.UpdateFilter = orNil(r, (*reader).filter)
		case "update_mode":
			if !r.null() {
				l.UpdateMode = enum(r, updateModes, "upsert, insert_only or update_only").Enum()
			}
		default:
			return false
		}
		if listed && batched {
			r.fail("expected exactly one of points and batch")
		}
		return true
	})
	if !listed && !batched {
		r.fail("expected exactly one of points and batch")
	}
	return l
}

func (r *reader) point() *pb.PointStruct {
	p := &pb.PointStruct{}
	aliased := false
	r.object("a point: an object with id and vector", func(key string) bool {
		switch key {
		case "id":
			p.Id = r.id()
		case "vector", "vectors":
			r.once(&aliased)
			p.Vectors = r.vectors()
		case "payload":
			p.Payload = r.payloadOrNull()
		default:
			return false
		}
		return true
	})
	r.need(p.Id != nil, "id")
	r.need(p.Vectors != nil, "vector")
	return p
}

// columns are the points of a batch, by field.
type columns struct {
	ids      []*pb.PointId
	vectors  map[string][]*pb.Vector
	nameless bool
	payloads []map[string]*pb.Value
}

// batch reads {"ids": …, "vectors": …, "payloads": …} into points.
func (r *reader) batch() []*pb.PointStruct {
	var c columns
	r.object("an object with ids and vectors", func(key string) bool {
		switch key {
		case "ids":
			c.ids = r.ids()
		case "vectors":
			c.vectors, c.nameless = r.batchVectors()
		case "payloads":
			c.payloads = orNone(r, "an array of objects", (*reader).payloadOrNull)
		default:
			return false
		}
		return true
	})
	r.need(c.ids != nil, "ids")
	r.need(c.vectors != nil, "vectors")
	r.checkColumns(&c)
	points := make([]*pb.PointStruct, len(c.ids))
	for i := range points {
		points[i] = c.row(i)
	}
	return points
}

func (r *reader) checkColumns(c *columns) {
	for name, vectors := range c.vectors {
		if len(vectors) != len(c.ids) {
			r.invalid("number of ids and vectors must be equal (%d != %d%s)", len(c.ids), len(vectors), columnName(name))
		}
	}
	if c.payloads != nil && len(c.payloads) != len(c.ids) {
		r.invalid("number of ids and payloads must be equal (%d != %d)", len(c.ids), len(c.payloads))
	}
}

func columnName(name string) string {
	if name == "" {
		return ""
	}
	return " of " + quoteKey(name)
}

func (c *columns) row(i int) *pb.PointStruct {
	p := &pb.PointStruct{Id: c.ids[i]}
	if c.payloads != nil {
		p.Payload = c.payloads[i]
	}
	if c.nameless {
		p.Vectors = &pb.Vectors{VectorsOptions: &pb.Vectors_Vector{Vector: c.vectors[""][i]}}
		return p
	}
	named := make(map[string]*pb.Vector, len(c.vectors))
	for name, vectors := range c.vectors {
		named[name] = vectors[i]
	}
	p.Vectors = &pb.Vectors{VectorsOptions: &pb.Vectors_Vectors{Vectors: &pb.NamedVectors{Vectors: named}}}
	return p
}
