package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// selection says which points an update is about. Of ids and a filter in one request Qdrant obeys one and drops the
// other, or obeys both one after the other; so exactly one is taken.
type selection struct {
	selector *pb.PointsSelector
	shardKey *pb.ShardKeySelector
}

const selectionForms = "expected exactly one of points and filter"

// selectField reads one key of a selection; false if it is none.
func (r *reader) selectField(s *selection, key string) bool {
	switch key {
	case "points":
		if !r.null() {
			r.selectOnce(s, &pb.PointsSelector{PointsSelectorOneOf: &pb.PointsSelector_Points{Points: &pb.PointsIdsList{Ids: r.ids()}}})
		}
	case "filter":
		if !r.null() {
			r.selectOnce(s, &pb.PointsSelector{PointsSelectorOneOf: &pb.PointsSelector_Filter{Filter: r.filter()}})
		}
	case "shard_key":
		s.shardKey = orNil(r, (*reader).shardKeys)
	default:
		return false
	}
	return true
}

func (r *reader) selectOnce(s *selection, selector *pb.PointsSelector) {
	if s.selector != nil {
		r.fail(selectionForms)
	}
	s.selector = selector
}

func (r *reader) selected(s *selection) {
	if s.selector == nil {
		r.fail(selectionForms)
	}
}

// points reads {"points": …} or {"filter": …}.
func (r *reader) points() *selection {
	s := &selection{}
	r.object("an object with points or filter", func(key string) bool { return r.selectField(s, key) })
	r.selected(s)
	return s
}

func decodeDelete(o *Operation, r *reader, q params) proto.Message {
	s := r.points()
	return &pb.DeletePoints{
		CollectionName: o.names[0], Points: s.selector, ShardKeySelector: s.shardKey,
		Wait: q.wait, Ordering: q.ordering, Timeout: q.timeout,
	}
}

func decodeClearPayload(o *Operation, r *reader, q params) proto.Message {
	s := r.points()
	return &pb.ClearPayloadPoints{
		CollectionName: o.names[0], Points: s.selector, ShardKeySelector: s.shardKey,
		Wait: q.wait, Ordering: q.ordering, Timeout: q.timeout,
	}
}

// payloadEdit is what set and overwrite read.
type payloadEdit struct {
	selection
	payload map[string]*pb.Value
	key     *string
}

func (r *reader) payloadEdit() *payloadEdit {
	e := &payloadEdit{}
	r.object("an object with payload, and points or filter", func(key string) bool {
		switch key {
		case "payload":
			e.payload = r.payload()
		case "key":
			e.key = opt(r, (*reader).string)
		default:
			return r.selectField(&e.selection, key)
		}
		return true
	})
	r.need(e.payload != nil, "payload")
	r.selected(&e.selection)
	return e
}

func decodeSetPayload(o *Operation, r *reader, q params) proto.Message {
	e := r.payloadEdit()
	return &pb.SetPayloadPoints{
		CollectionName: o.names[0], Payload: e.payload, PointsSelector: e.selector, Key: e.key,
		ShardKeySelector: e.shardKey, Wait: q.wait, Ordering: q.ordering, Timeout: q.timeout,
	}
}

// payloadKeys is what the deletion of payload keys reads.
type payloadKeys struct {
	selection
	keys []string
}

func (r *reader) payloadKeys() *payloadKeys {
	k := &payloadKeys{}
	r.object("an object with keys, and points or filter", func(key string) bool {
		if key != "keys" {
			return r.selectField(&k.selection, key)
		}
		k.keys = r.strings()
		return true
	})
	r.need(k.keys != nil, "keys")
	r.selected(&k.selection)
	return k
}

func decodeDeletePayload(o *Operation, r *reader, q params) proto.Message {
	k := r.payloadKeys()
	return &pb.DeletePayloadPoints{
		CollectionName: o.names[0], Keys: k.keys, PointsSelector: k.selector, ShardKeySelector: k.shardKey,
		Wait: q.wait, Ordering: q.ordering, Timeout: q.timeout,
	}
}
