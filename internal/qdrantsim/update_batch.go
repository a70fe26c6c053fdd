package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// UpdateBatch does its operations one after another, each with checks of its
// own: those before one that fails stay done.
func (v pointsService) UpdateBatch(ctx context.Context, r *qdrant.UpdateBatchPoints) (*qdrant.UpdateBatchResponse, error) {
	out := &qdrant.UpdateBatchResponse{}
	for _, op := range r.GetOperations() {
		reply, err := v.batched(ctx, r, op)
		if err != nil {
			return nil, err
		}
		out.Result = append(out.Result, reply.GetResult())
	}
	return out, nil
}

func (v pointsService) batched(ctx context.Context, r *qdrant.UpdateBatchPoints, op *qdrant.PointsUpdateOperation) (*qdrant.PointsOperationResponse, error) {
	name, wait := r.GetCollectionName(), r.Wait
	switch o := op.GetOperation().(type) {
	case *qdrant.PointsUpdateOperation_Upsert:
		return v.Upsert(ctx, &qdrant.UpsertPoints{
			CollectionName: name, Wait: wait, Points: o.Upsert.GetPoints(),
			UpdateFilter: o.Upsert.GetUpdateFilter(), UpdateMode: o.Upsert.UpdateMode,
		})
	case *qdrant.PointsUpdateOperation_UpdateVectors_:
		return v.UpdateVectors(ctx, &qdrant.UpdatePointVectors{
			CollectionName: name, Wait: wait, Points: o.UpdateVectors.GetPoints(), UpdateFilter: o.UpdateVectors.GetUpdateFilter(),
		})
	case *qdrant.PointsUpdateOperation_DeleteVectors_:
		return v.DeleteVectors(ctx, &qdrant.DeletePointVectors{
			CollectionName: name, Wait: wait, PointsSelector: o.DeleteVectors.GetPointsSelector(), Vectors: o.DeleteVectors.GetVectors(),
		})
	case *qdrant.PointsUpdateOperation_DeletePoints_:
		return v.Delete(ctx, &qdrant.DeletePoints{CollectionName: name, Wait: wait, Points: o.DeletePoints.GetPoints()})
	case *qdrant.PointsUpdateOperation_DeleteDeprecated:
		return v.Delete(ctx, &qdrant.DeletePoints{CollectionName: name, Wait: wait, Points: o.DeleteDeprecated}) //nolint:staticcheck // older clients still send it
	}
	return v.batchedPayload(ctx, r, op)
}

func (v pointsService) batchedPayload(ctx context.Context, r *qdrant.UpdateBatchPoints, op *qdrant.PointsUpdateOperation) (*qdrant.PointsOperationResponse, error) {
	name, wait := r.GetCollectionName(), r.Wait
	switch o := op.GetOperation().(type) {
	case *qdrant.PointsUpdateOperation_SetPayload_:
		return v.SetPayload(ctx, &qdrant.SetPayloadPoints{
			CollectionName: name, Wait: wait, Payload: o.SetPayload.GetPayload(),
			PointsSelector: o.SetPayload.GetPointsSelector(), Key: o.SetPayload.Key,
		})
	case *qdrant.PointsUpdateOperation_OverwritePayload_: // its key is ignored
		return v.OverwritePayload(ctx, &qdrant.SetPayloadPoints{
			CollectionName: name, Wait: wait, Payload: o.OverwritePayload.GetPayload(), PointsSelector: o.OverwritePayload.GetPointsSelector(),
		})
	case *qdrant.PointsUpdateOperation_DeletePayload_:
		return v.DeletePayload(ctx, &qdrant.DeletePayloadPoints{
			CollectionName: name, Wait: wait, Keys: o.DeletePayload.GetKeys(), PointsSelector: o.DeletePayload.GetPointsSelector(),
		})
	case *qdrant.PointsUpdateOperation_ClearPayload_:
		return v.ClearPayload(ctx, &qdrant.ClearPayloadPoints{CollectionName: name, Wait: wait, Points: o.ClearPayload.GetPoints()})
	case *qdrant.PointsUpdateOperation_ClearPayloadDeprecated:
		return v.ClearPayload(ctx, &qdrant.ClearPayloadPoints{CollectionName: name, Wait: wait, Points: o.ClearPayloadDeprecated}) //nolint:staticcheck // older clients still send it
	}
	return nil, malformed("Operation is missing")
}
