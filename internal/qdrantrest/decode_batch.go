package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

func decodeUpdateBatch(o *Operation, r *reader, q params) proto.Message {
	m := &pb.UpdateBatchPoints{CollectionName: o.names[0], Wait: q.wait, Ordering: q.ordering, Timeout: q.timeout}
	r.object("an object with operations", func(key string) bool {
		if key != "operations" {
			return false
		}
		m.Operations = list(r, "an array of operations", (*reader).updateOperation)
		return true
	})
	r.need(m.Operations != nil, "operations")
	return m
}

const operationForms = "exactly one of upsert, delete, set_payload, overwrite_payload, delete_payload, clear_payload, " +
	"update_vectors and delete_vectors"

// updateOperation reads one operation of a batch. Of several in one object Qdrant takes one and drops the rest.
func (r *reader) updateOperation() *pb.PointsUpdateOperation {
	var op *pb.PointsUpdateOperation
	r.object("an object with "+operationForms, func(key string) bool {
		if op != nil {
			r.fail("expected %s", operationForms)
		}
		op = r.updateBy(key)
		return op != nil
	})
	if op == nil {
		r.fail("expected %s", operationForms)
	}
	return op
}

func (r *reader) updateBy(key string) *pb.PointsUpdateOperation {
	switch key {
	case "upsert":
		return &pb.PointsUpdateOperation{Operation: &pb.PointsUpdateOperation_Upsert{Upsert: r.upsert()}}
	case "delete":
		s := r.points()
		return &pb.PointsUpdateOperation{Operation: &pb.PointsUpdateOperation_DeletePoints_{
			DeletePoints: &pb.PointsUpdateOperation_DeletePoints{Points: s.selector, ShardKeySelector: s.shardKey},
		}}
	case "clear_payload":
		s := r.points()
		return &pb.PointsUpdateOperation{Operation: &pb.PointsUpdateOperation_ClearPayload_{
			ClearPayload: &pb.PointsUpdateOperation_ClearPayload{Points: s.selector, ShardKeySelector: s.shardKey},
		}}
	case "update_vectors":
		return &pb.PointsUpdateOperation{Operation: &pb.PointsUpdateOperation_UpdateVectors_{UpdateVectors: r.updateVectors()}}
	case "delete_vectors":
		names, s := r.deleteVectors()
		return &pb.PointsUpdateOperation{Operation: &pb.PointsUpdateOperation_DeleteVectors_{
			DeleteVectors: &pb.PointsUpdateOperation_DeleteVectors{
				PointsSelector: s.selector, Vectors: names, ShardKeySelector: s.shardKey,
			},
		}}
	}
	return r.updatePayloadBy(key)
}

func (r *reader) updatePayloadBy(key string) *pb.PointsUpdateOperation {
	switch key {
	case "set_payload":
		e := r.payloadEdit()
		return &pb.PointsUpdateOperation{Operation: &pb.PointsUpdateOperation_SetPayload_{
			SetPayload: &pb.PointsUpdateOperation_SetPayload{
				Payload: e.payload, PointsSelector: e.selector, ShardKeySelector: e.shardKey, Key: e.key,
			},
		}}
	case "overwrite_payload":
		e := r.payloadEdit()
		return &pb.PointsUpdateOperation{Operation: &pb.PointsUpdateOperation_OverwritePayload_{
			OverwritePayload: &pb.PointsUpdateOperation_OverwritePayload{
				Payload: e.payload, PointsSelector: e.selector, ShardKeySelector: e.shardKey, Key: e.key,
			},
		}}
	case "delete_payload":
		k := r.payloadKeys()
		return &pb.PointsUpdateOperation{Operation: &pb.PointsUpdateOperation_DeletePayload_{
			DeletePayload: &pb.PointsUpdateOperation_DeletePayload{
				Keys: k.keys, PointsSelector: k.selector, ShardKeySelector: k.shardKey,
			},
		}}
	}
	return nil
}
