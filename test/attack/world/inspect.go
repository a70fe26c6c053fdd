package world

import (
	"strconv"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// Points are all points of a server with payload and vectors, in wire form, by "collection/id".
type Points map[string]string

// Dump reads everything that the server holds, past the gateway.
func (w *World) Dump(t testing.TB) Points {
	t.Helper()
	out := Points{}
	for _, name := range w.Sim.CollectionNames() {
		for _, p := range w.Scroll(t, name) {
			raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			out[name+"/"+IDText(p.GetId())] = string(raw)
		}
	}
	return out
}

// Restore makes the server's points, which are now so, what they were before.
func (w *World) Restore(t testing.TB, now, before Points) {
	t.Helper()
	gone, back := map[string][]*pb.PointId{}, map[string][]*pb.PointStruct{}
	for place := range now {
		if _, there := before[place]; !there {
			name, id, _ := strings.Cut(place, "/")
			gone[name] = append(gone[name], parseID(id))
		}
	}
	for place, wire := range before {
		if now[place] == wire {
			continue
		}
		name, _, _ := strings.Cut(place, "/")
		p := &pb.RetrievedPoint{}
		if err := proto.Unmarshal([]byte(wire), p); err != nil {
			t.Fatal(err)
		}
		back[name] = append(back[name], &pb.PointStruct{Id: p.GetId(), Payload: p.GetPayload(), Vectors: inputs(p.GetVectors())})
	}
	for name, ids := range gone {
		r := &pb.DeletePoints{CollectionName: name, Wait: proto.Bool(true), Points: pb.NewPointsSelectorIDs(ids)}
		if _, err := w.Direct.Delete(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for name, points := range back {
		if _, err := w.Direct.Upsert(t.Context(), &pb.UpsertPoints{CollectionName: name, Wait: proto.Bool(true), Points: points}); err != nil {
			t.Fatal(err)
		}
	}
}

func parseID(s string) *pb.PointId {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return pb.NewIDNum(n)
	}
	return pb.NewIDUUID(s)
}

// inputs turns vectors as they are read into vectors as they are written.
func inputs(out *pb.VectorsOutput) *pb.Vectors {
	named := map[string]*pb.Vector{}
	for name, v := range out.GetVectors().GetVectors() {
		named[name] = input(v)
	}
	if v := out.GetVector(); v != nil {
		named[""] = input(v)
	}
	return pb.NewVectorsMap(named)
}

func input(v *pb.VectorOutput) *pb.Vector {
	if s := v.GetSparse(); s != nil {
		return pb.NewVectorSparse(s.GetIndices(), s.GetValues())
	}
	if s := v.GetMultiDense(); s != nil {
		var rows [][]float32
		for _, row := range s.GetVectors() {
			rows = append(rows, row.GetData())
		}
		return pb.NewVectorMulti(rows)
	}
	return pb.NewVectorDense(v.GetDense().GetData())
}

// Scroll reads a whole collection past the gateway, by its physical name.
func (w *World) Scroll(t testing.TB, collection string) []*pb.RetrievedPoint {
	t.Helper()
	points, err := w.Direct.Scroll(t.Context(), &pb.ScrollPoints{
		CollectionName: collection, Limit: pb.PtrOf(uint32(10000)), WithPayload: pb.NewWithPayload(true), WithVectors: pb.NewWithVectors(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	return points
}

// IDText is a point id as the server writes it.
func IDText(id *pb.PointId) string {
	if _, ok := id.GetPointIdOptions().(*pb.PointId_Num); ok {
		return strconv.FormatUint(id.GetNum(), 10)
	}
	return id.GetUuid()
}
