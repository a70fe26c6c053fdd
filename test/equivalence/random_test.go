package equivalence_test

import (
	"fmt"
	"math/rand/v2"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// generator makes points and requests, the same again for a seed. Weights are random, so that scores hardly ever tie.
type generator struct {
	r *rand.Rand
	n int64 // numbers that are used once
}

func newGenerator(seed uint64) *generator { return &generator{r: rand.New(rand.NewPCG(seed, 1))} }

func (g *generator) often(percent int) bool { return g.r.IntN(100) < percent }

func (g *generator) pick(of ...string) string { return of[g.r.IntN(len(of))] }

// id is one of forty: numbers, small and large, and UUIDs.
func (g *generator) id() *pb.PointId {
	switch n := g.r.IntN(40); {
	case n < 18:
		return pb.NewIDNum(uint64(n))
	case n < 22:
		return pb.NewIDNum(1<<64 - 1 - uint64(n))
	default:
		return pb.NewIDUUID(fmt.Sprintf("%08x-0000-4000-8000-%012x", n*7919, n))
	}
}

func (g *generator) ids(n int) []*pb.PointId {
	var out []*pb.PointId
	for range n {
		out = append(out, g.id())
	}
	return out
}

func (g *generator) dense() []float32 {
	out := make([]float32, 4)
	for i := range out {
		out[i] = float32(g.r.NormFloat64())
	}
	return out
}

func (g *generator) sparse() ([]uint32, []float32) {
	var indices []uint32
	var values []float32
	for term := range uint32(12) {
		if g.often(35) {
			indices, values = append(indices, term), append(values, g.r.Float32()+0.1)
		}
	}
	if len(indices) == 0 {
		indices, values = []uint32{3}, []float32{g.r.Float32() + 0.1}
	}
	return indices, values
}

func (g *generator) vectors() *pb.Vectors {
	i, v := g.sparse()
	named := map[string]*pb.Vector{"": pb.NewVectorDense(g.dense()), "text": pb.NewVectorSparse(i, v)}
	if g.often(80) {
		i, v := g.sparse()
		named["plain"] = pb.NewVectorSparse(i, v)
	}
	return pb.NewVectorsMap(named)
}

func (g *generator) payload() map[string]*pb.Value {
	g.n++
	out := map[string]any{"n": g.n*37%1009 + g.n*1009, "x": g.r.IntN(6), "price": g.r.Float64(), "deep": map[string]any{"a": []any{1, "b", nil}}}
	if g.often(85) {
		out["color"] = g.pick("red", "blue", "green")
	}
	if g.often(30) {
		out["secret"] = g.pick("s1", "s2")
	}
	return pb.NewValueMap(out)
}

func (g *generator) point() *pb.PointStruct {
	return &pb.PointStruct{Id: g.id(), Vectors: g.vectors(), Payload: g.payload()}
}

func (g *generator) points(n int) []*pb.PointStruct {
	var out []*pb.PointStruct
	for range n {
		out = append(out, g.point())
	}
	return out
}

// filter uses indexed fields only, as shared collections want it.
func (g *generator) filter() *pb.Filter {
	conditions := func() []*pb.Condition {
		var out []*pb.Condition
		for range g.r.IntN(3) {
			switch g.r.IntN(6) {
			case 0:
				out = append(out, pb.NewMatch("color", g.pick("red", "blue", "green")))
			case 1:
				out = append(out, pb.NewMatchInt("x", int64(g.r.IntN(6))))
			case 2:
				out = append(out, pb.NewHasID(g.ids(12)...))
			case 3:
				out = append(out, pb.NewMatchKeywords("color", "red", "green"))
			case 4:
				out = append(out, pb.NewFilterAsCondition(&pb.Filter{MustNot: []*pb.Condition{pb.NewMatch("color", "blue")}}))
			case 5:
				out = append(out, pb.NewHasVector("plain"))
			}
		}
		return out
	}
	f := &pb.Filter{Must: conditions(), Should: conditions(), MustNot: conditions()}
	if g.often(20) {
		f.MinShould = &pb.MinShould{MinCount: 1, Conditions: append(conditions(), pb.NewMatch("color", "red"))}
	}
	return f
}

func (g *generator) someFilter() *pb.Filter {
	if g.often(50) {
		return nil
	}
	return g.filter()
}

func methodOf(name string) protoreflect.MethodDescriptor {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName("qdrant.Points")
	if err != nil {
		panic(err)
	}
	return d.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(name))
}

func newMessage(d protoreflect.MessageDescriptor) proto.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err)
	}
	return t.New().Interface()
}
