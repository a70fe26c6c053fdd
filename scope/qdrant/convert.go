package qdrant

import (
	"maps"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// Some RPCs cannot be scoped as they are. In a Shared collection they become others.

// getToScroll: Get takes no filter.
func getToScroll(w *walk, c *Call) *fault {
	in := c.Message.(*pb.GetPoints)
	if f := w.bounded("ids", uint64(len(in.GetIds()))); f != nil {
		return f
	}
	if len(in.GetIds()) == 0 {
		c.Message, c.Answer = nil, &pb.GetResponse{}
		return nil
	}
	seen := make(map[string]bool, len(in.GetIds()))
	ids := make([]*pb.PointId, 0, len(in.GetIds()))
	for _, id := range in.GetIds() {
		if stored := id.GetUuid(); !seen[stored] {
			seen[stored] = true
			ids, c.order = append(ids, id), append(c.order, stored)
		}
	}
	filter := &pb.Filter{Must: []*pb.Condition{{ConditionOneOf: &pb.Condition_HasId{HasId: &pb.HasIdCondition{HasId: ids}}}}}
	w.queried.scoped(filter)
	payload := in.GetWithPayload()
	if payload == nil { // Scroll would give it, Get does not
		payload = pb.NewWithPayload(false)
	}
	c.Method, c.finish = pb.Points_Scroll_FullMethodName, scrollToGet
	c.Message = &pb.ScrollPoints{
		CollectionName: in.GetCollectionName(), Filter: filter, Limit: proto.Uint32(uint32(len(ids))), WithPayload: payload,
		WithVectors: in.GetWithVectors(), ReadConsistency: in.GetReadConsistency(), Timeout: in.Timeout,
	}
	return nil
}

// scrollToGet puts the points into the order of the request, as the server answers Get.
func scrollToGet(c *Call, reply proto.Message) (proto.Message, *fault) {
	in := reply.(*pb.ScrollResponse)
	found := make(map[clientID]*pb.RetrievedPoint, len(in.GetResult()))
	for _, p := range in.GetResult() {
		found[keyOf(p.GetId())] = p
	}
	out := &pb.GetResponse{Time: in.GetTime(), Usage: in.GetUsage(), Result: make([]*pb.RetrievedPoint, 0, len(found))}
	var s scratch
	for _, stored := range c.order {
		id := &pb.PointId{PointIdOptions: &pb.PointId_Uuid{Uuid: stored}}
		if !c.queried.ids.open(id, &s) {
			continue
		}
		if p, ok := found[keyOf(id)]; ok {
			out.Result = append(out.Result, p)
		}
	}
	return out, nil
}

// clientID is a PointId that can be compared.
type clientID struct {
	num  uint64
	uuid string
}

func keyOf(id *pb.PointId) clientID { return clientID{num: id.GetNum(), uuid: id.GetUuid()} }

// clearToOverwrite: a cleared point would belong to nobody and could not be seen any more.
func clearToOverwrite(w *walk, c *Call) *fault {
	in := c.Message.(*pb.ClearPayloadPoints)
	c.Method = pb.Points_OverwritePayload_FullMethodName
	c.Message = &pb.SetPayloadPoints{
		CollectionName: in.GetCollectionName(), Wait: in.Wait, Payload: maps.Clone(w.queried.stamp), PointsSelector: in.GetPoints(),
		Ordering: in.GetOrdering(), Timeout: in.Timeout,
	}
	return nil
}

// countToFacet: all points that match have the same tenant_id, so its one facet counts them, exactly.
func countToFacet(w *walk, c *Call) *fault {
	in := c.Message.(*pb.CountPoints)
	c.Method, c.finish = pb.Points_Facet_FullMethodName, facetToCount
	c.Message = w.counted(in.GetFilter())
	c.Message.(*pb.FacetCounts).Timeout, c.Message.(*pb.FacetCounts).ReadConsistency = in.Timeout, in.GetReadConsistency()
	return nil
}

func (w *walk) counted(filter *pb.Filter) *pb.FacetCounts {
	return &pb.FacetCounts{
		CollectionName: w.queried.Physical, Key: TenantField, Filter: filter, Limit: proto.Uint64(1), Exact: proto.Bool(true),
	}
}

func facetToCount(c *Call, reply proto.Message) (proto.Message, *fault) {
	in := reply.(*pb.FacetResponse)
	n, f := c.count(in)
	return &pb.CountResponse{Result: &pb.CountResult{Count: n}, Time: in.GetTime(), Usage: in.GetUsage()}, f
}

// count reads the facet of this tenant. Another tenant's value in it would mean that the filter did not hold.
func (c *Call) count(in *pb.FacetResponse) (uint64, *fault) {
	n := uint64(0)
	for _, hit := range in.GetHits() {
		if hit.GetValue().GetStringValue() != c.scope.tenantID {
			return 0, notOurs()
		}
		n += hit.GetCount()
	}
	return n, nil
}
