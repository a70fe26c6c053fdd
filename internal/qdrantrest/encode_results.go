package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

func (e *encoder) scoredList(points []*pb.ScoredPoint, w wants) {
	items(e, points, func(e *encoder, p *pb.ScoredPoint) { e.scored(p, w) })
}

func (e *encoder) recordList(points []*pb.RetrievedPoint, w wants) {
	items(e, points, func(e *encoder, p *pb.RetrievedPoint) { e.record(p, w) })
}

func encodeQuery(o *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.QueryResponse)
	if ok {
		e.raw(`{"points":`)
		e.scoredList(m.GetResult(), o.wanted(0))
		e.raw("}")
	}
	return ok
}

func encodeQueryBatch(o *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.QueryBatchResponse)
	if !ok {
		return false
	}
	e.raw("[")
	for i, result := range m.GetResult() {
		if i > 0 {
			e.raw(",")
		}
		e.raw(`{"points":`)
		e.scoredList(result.GetResult(), o.wanted(i))
		e.raw("}")
	}
	e.raw("]")
	return true
}

// scoredReply is a reply of the operations before the query API.
type scoredReply interface{ GetResult() []*pb.ScoredPoint }

func encodeScored(o *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(scoredReply)
	if ok {
		e.scoredList(m.GetResult(), o.wanted(0))
	}
	return ok
}

type batchReply interface{ GetResult() []*pb.BatchResult }

func encodeScoredBatch(o *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(batchReply)
	if !ok {
		return false
	}
	e.raw("[")
	for i, result := range m.GetResult() {
		if i > 0 {
			e.raw(",")
		}
		e.scoredList(result.GetResult(), o.wanted(i))
	}
	e.raw("]")
	return true
}

type groupsReply interface{ GetResult() *pb.GroupsResult }

func encodeGroups(o *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(groupsReply)
	if !ok {
		return false
	}
	e.raw(`{"groups":`)
	items(e, m.GetResult().GetGroups(), func(e *encoder, g *pb.PointGroup) { e.group(g, o.wanted(0), o.lookup) })
	e.raw("}")
	return true
}

func (e *encoder) group(g *pb.PointGroup, hits, lookup wants) {
	e.raw(`{"hits":`)
	e.scoredList(g.GetHits(), hits)
	e.raw(`,"id":`)
	switch id := g.GetId().GetKind().(type) {
	case *pb.GroupId_UnsignedValue:
		e.uint(id.UnsignedValue)
	case *pb.GroupId_IntegerValue:
		e.int(id.IntegerValue)
	default:
		e.str(g.GetId().GetStringValue())
	}
	if g.GetLookup() != nil {
		e.raw(`,"lookup":`)
		e.record(g.GetLookup(), lookup)
	}
	e.raw("}")
}

func encodeGet(o *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.GetResponse)
	if ok {
		e.recordList(m.GetResult(), o.wanted(0))
	}
	return ok
}

func encodeOne(o *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.GetResponse)
	if ok {
		e.record(m.GetResult()[0], o.wanted(0))
	}
	return ok
}

func encodeScroll(o *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.ScrollResponse)
	if ok {
		e.raw(`{"points":`)
		e.recordList(m.GetResult(), o.wanted(0))
		e.raw(`,"next_page_offset":`)
		e.id(m.GetNextPageOffset())
		e.raw("}")
	}
	return ok
}

func encodeFacet(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.FacetResponse)
	if ok {
		e.raw(`{"hits":`)
		items(e, m.GetHits(), (*encoder).facetHit)
		e.raw("}")
	}
	return ok
}

func (e *encoder) facetHit(h *pb.FacetHit) {
	e.raw(`{"value":`)
	switch v := h.GetValue().GetVariant().(type) {
	case *pb.FacetValue_IntegerValue:
		e.int(v.IntegerValue)
	case *pb.FacetValue_BoolValue:
		e.bool(v.BoolValue)
	default:
		e.str(h.GetValue().GetStringValue())
	}
	e.raw(`,"count":`)
	e.uint(h.GetCount())
	e.raw("}")
}

func encodePairs(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.SearchMatrixPairsResponse)
	if ok {
		e.raw(`{"pairs":`)
		items(e, m.GetResult().GetPairs(), func(e *encoder, p *pb.SearchMatrixPair) {
			e.raw(`{"a":`)
			e.id(p.GetA())
			e.raw(`,"b":`)
			e.id(p.GetB())
			e.raw(`,"score":`)
			e.float32(p.GetScore())
			e.raw("}")
		})
		e.raw("}")
	}
	return ok
}

func encodeOffsets(_ *Operation, e *encoder, reply proto.Message) bool {
	m, ok := reply.(*pb.SearchMatrixOffsetsResponse)
	if ok {
		result := m.GetResult()
		e.raw(`{"offsets_row":`)
		items(e, result.GetOffsetsRow(), (*encoder).uint)
		e.raw(`,"offsets_col":`)
		items(e, result.GetOffsetsCol(), (*encoder).uint)
		e.raw(`,"scores":`)
		e.floats(result.GetScores())
		e.raw(`,"ids":`)
		items(e, result.GetIds(), (*encoder).id)
		e.raw("}")
	}
	return ok
}
