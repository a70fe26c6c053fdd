package equivalence_test

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// request is one request, with logical names.
type request struct {
	method  string
	message proto.Message
}

func (g *generator) selector() *pb.PointsSelector {
	if g.often(50) {
		return pb.NewPointsSelectorFilter(g.filter())
	}
	return pb.NewPointsSelectorIDs(g.ids(1))
}

// write is a write at random. Those by id may fail, where there is no such point; they must fail on both sides then.
func (g *generator) write(corpus string) request {
	yes := proto.Bool(true)
	switch g.r.IntN(11) {
	case 0, 1, 2:
		m := &pb.UpsertPoints{CollectionName: corpus, Wait: yes, Points: g.points(1 + g.r.IntN(5))}
		if g.often(20) {
			m.UpdateFilter = g.filter()
		}
		if g.often(20) {
			m.UpdateMode = pb.UpdateMode(g.r.IntN(3)).Enum()
		}
		return request{"Upsert", m}
	case 3:
		m := &pb.SetPayloadPoints{CollectionName: corpus, Wait: yes, PointsSelector: g.selector(), Payload: pb.NewValueMap(map[string]any{"color": g.pick("red", "green"), "price": nil})}
		if g.often(30) {
			m.Key = proto.String("deep.b")
		}
		return request{"SetPayload", m}
	case 4:
		return request{"OverwritePayload", &pb.SetPayloadPoints{CollectionName: corpus, Wait: yes, PointsSelector: pb.NewPointsSelectorIDs(g.ids(1)), Payload: g.payload()}}
	case 5:
		return request{"DeletePayload", &pb.DeletePayloadPoints{CollectionName: corpus, Wait: yes, PointsSelector: g.selector(), Keys: []string{"deep.a[0]", "secret"}}}
	case 6:
		return request{"ClearPayload", &pb.ClearPayloadPoints{CollectionName: corpus, Wait: yes, Points: pb.NewPointsSelectorIDs(g.ids(1))}}
	case 7:
		m := &pb.UpdatePointVectors{CollectionName: corpus, Wait: yes, Points: []*pb.PointVectors{{Id: g.id(), Vectors: g.vectors()}}}
		if g.often(40) {
			m.UpdateFilter = g.filter()
		}
		return request{"UpdateVectors", m}
	case 8:
		return request{"DeleteVectors", &pb.DeletePointVectors{CollectionName: corpus, Wait: yes, PointsSelector: g.selector(), Vectors: &pb.VectorsSelector{Names: []string{"plain"}}}}
	case 9:
		return request{"Delete", &pb.DeletePoints{CollectionName: corpus, Wait: yes, Points: pb.NewPointsSelectorIDs(g.ids(2))}}
	}
	return request{"UpdateBatch", &pb.UpdateBatchPoints{CollectionName: corpus, Wait: yes, Operations: g.operations()}}
}

func (g *generator) operations() []*pb.PointsUpdateOperation {
	type op = pb.PointsUpdateOperation
	filter := pb.NewPointsSelectorFilter(g.filter())
	return []*op{
		{Operation: &pb.PointsUpdateOperation_Upsert{Upsert: &pb.PointsUpdateOperation_PointStructList{Points: g.points(3)}}},
		{Operation: &pb.PointsUpdateOperation_SetPayload_{SetPayload: &pb.PointsUpdateOperation_SetPayload{
			PointsSelector: filter, Payload: pb.NewValueMap(map[string]any{"color": "blue"}),
		}}},
		{Operation: &pb.PointsUpdateOperation_DeletePayload_{DeletePayload: &pb.PointsUpdateOperation_DeletePayload{
			PointsSelector: pb.NewPointsSelectorFilter(g.filter()), Keys: []string{"secret"},
		}}},
		{Operation: &pb.PointsUpdateOperation_DeletePoints_{DeletePoints: &pb.PointsUpdateOperation_DeletePoints{Points: pb.NewPointsSelectorIDs(g.ids(1))}}},
	}
}
