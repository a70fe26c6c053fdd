package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

func decodeUpdateVectors(o *Operation, r *reader, q params) proto.Message {
	u := r.updateVectors()
	return &pb.UpdatePointVectors{
		CollectionName: o.names[0], Points: u.Points, UpdateFilter: u.UpdateFilter, ShardKeySelector: u.ShardKeySelector,
		Wait: q.wait, Ordering: q.ordering, Timeout: q.timeout,
	}
}

func (r *reader) updateVectors() *pb.PointsUpdateOperation_UpdateVectors {
	u := &pb.PointsUpdateOperation_UpdateVectors{}
	r.object("an object with points", func(key string) bool {
		switch key {
		case "points":
			u.Points = list(r, "an array of objects with id and vector", (*reader).pointVectors)
		case "shard_key":
			u.ShardKeySelector = orNil(r, (*reader).shardKeys)
		case "update_filter":
			u.UpdateFilter = orNil(r, (*reader).filter)
		default:
			return false
		}
		return true
	})
	r.need(u.Points != nil, "points")
	if len(u.Points) == 0 {
		r.invalid("points: must specify points to update")
	}
	return u
}

func (r *reader) pointVectors() *pb.PointVectors {
	p := &pb.PointVectors{}
	aliased := false
	r.object("an object with id and vector", func(key string) bool {
		switch key {
		case "id":
			p.Id = r.id()
		case "vector", "vectors":
			r.once(&aliased)
			p.Vectors = r.vectors()
		default:
			return false
		}
		return true
	})
	r.need(p.Id != nil, "id")
	r.need(p.Vectors != nil, "vector")
	return p
}

func decodeDeleteVectors(o *Operation, r *reader, q params) proto.Message {
	d, s := r.deleteVectors()
	return &pb.DeletePointVectors{
		CollectionName: o.names[0], PointsSelector: s.selector, Vectors: d, ShardKeySelector: s.shardKey,
		Wait: q.wait, Ordering: q.ordering, Timeout: q.timeout,
	}
}

func (r *reader) deleteVectors() (*pb.VectorsSelector, *selection) {
	s := &selection{}
	var names []string
	aliased := false
	r.object("an object with vector, and points or filter", func(key string) bool {
		if key != "vector" && key != "vectors" {
			return r.selectField(s, key)
		}
		r.once(&aliased)
		names = r.strings()
		return true
	})
	r.need(aliased, "vector")
	if len(names) == 0 {
		r.invalid("vector: must specify vector names to delete")
	}
	r.selected(s)
	return &pb.VectorsSelector{Names: names}, s
}
