package attack_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// rounds is how many random requests are made: TENANTRY_ATTACK_ROUNDS, or a few thousand.
func rounds(t *testing.T) int {
	t.Helper()
	s := os.Getenv("TENANTRY_ATTACK_ROUNDS")
	if s == "" {
		return 4000
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("TENANTRY_ATTACK_ROUNDS is %q: want a number", s)
	}
	return n
}

// TestWhateverTheRequest makes requests of every method at random. Each is refused, or everything that the server can touch
// for it is the attacker's, and the answer is the same whatever others have.
func TestWhateverTheRequest(t *testing.T) {
	a := newArena(t)
	seed := uint64(20_261_125)
	if s := os.Getenv("TENANTRY_ATTACK_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("seed %d: TENANTRY_ATTACK_SEED repeats it", seed)
	methods := scopeqdrant.Methods()
	served := map[string]int{}
	views := a.views()[:5]
	for i := range rounds(t) {
		g := &generator{r: rand.New(rand.NewPCG(seed, uint64(i))), v: views[i%len(views)]}
		method := methods[g.r.IntN(len(methods))]
		m := g.request(method)
		by := byGateway
		if i%3 == 0 && !strings.HasSuffix(method, "HealthCheck") && !strings.HasSuffix(method, "Health/Check") {
			by = bySDK
		}
		x := attempt{family: "random requests", name: fmt.Sprint("round ", i), method: method, message: m, random: hasSample(m)}
		if told := a.try(t, by, x); !told.refused {
			served[method]++
		}
		if book.wrong > 10 {
			t.Fatalf("seed %d, round %d: enough", seed, i)
		}
	}
	// The requests are worth something only if many of each kind get through.
	for _, method := range methods {
		if served[method] == 0 && rounds(t) >= 4000 {
			t.Errorf("of %s none was served: the generator makes nothing that is valid", method)
		}
	}
}

func hasSample(m proto.Message) (found bool) {
	eachOf(m.ProtoReflect(), func(inner protoreflect.Message) {
		if q, ok := inner.Interface().(*pb.Query); ok {
			_, sample := q.GetVariant().(*pb.Query_Sample)
			found = found || sample
		}
	})
	return found
}

// generator makes random messages by their descriptors.
type generator struct {
	r *rand.Rand
	v view
}

func (g *generator) often(percent int) bool { return g.r.IntN(100) < percent }

// request is valid at first, then fields of it are set at random: few or many.
func (g *generator) request(method string) proto.Message {
	d, _ := methodDescriptor(method)
	m, _ := newMessage(d.Input())
	complete(m, g.v)
	name(m.ProtoReflect(), g.v.collection)
	if g.often(10) {
		name(m.ProtoReflect(), collectionNames[g.r.IntN(len(collectionNames))])
	}
	g.fill(m.ProtoReflect(), 0, []int{2, 8, 20, 45}[g.r.IntN(4)])
	prefetched(m.ProtoReflect())
	if g.often(4) {
		n := 0
		eachOf(m.ProtoReflect(), func(protoreflect.Message) { n++ })
		m, _ = tamper(m, g.r.IntN(n))
	}
	return m
}

const generatedDepth = 7

// fill sets each field with a probability, and goes into those that are set.
func (g *generator) fill(m protoreflect.Message, depth, percent int) {
	if depth > generatedDepth {
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if rare[f.Name()] && !g.often(6) {
			continue
		}
		if !g.often(percent) {
			g.inside(m, f, depth, percent)
			continue
		}
		g.set(m, f, depth, percent)
	}
}

// rare are fields that are refused whatever they hold: with them in every request nothing else would be tried.
var rare = map[protoreflect.Name]bool{
	"shard_key_selector": true, "document": true, "image": true, "object": true, "exact": true, "collection_name": true, "uuid": true,
	"read_consistency": true, "data": true, "indices": true, "vectors_count": true, "geo_bounding_box": true, "geo_radius": true, "geo_polygon": true,
	"geo_distance": true, "timeout": true, "ordering": true,
}

func (g *generator) inside(m protoreflect.Message, f protoreflect.FieldDescriptor, depth, percent int) {
	if f.Message() == nil || f.IsMap() || !m.Has(f) {
		return
	}
	if !f.IsList() {
		g.fill(m.Mutable(f).Message(), depth+1, percent/2)
		return
	}
	list := m.Mutable(f).List()
	for i := range list.Len() {
		g.fill(list.Get(i).Message(), depth+1, percent/2)
	}
}

func (g *generator) set(m protoreflect.Message, f protoreflect.FieldDescriptor, depth, percent int) {
	switch {
	case f.IsMap():
		values := m.Mutable(f).Map()
		for range 1 + g.r.IntN(2) {
			key := protoreflect.ValueOfString(g.text(f.Name())).MapKey()
			if f.MapKey().Kind() != protoreflect.StringKind {
				continue
			}
			v := values.NewValue()
			if f.MapValue().Message() != nil {
				g.make(v.Message(), depth, percent)
			}
			values.Set(key, v)
		}
	case f.IsList():
		list := m.Mutable(f).List()
		for range 1 + g.r.IntN(2) {
			if f.Message() == nil {
				list.Append(g.scalar(f))
				continue
			}
			e := list.NewElement()
			g.make(e.Message(), depth, percent)
			list.Append(e)
		}
	case f.Message() != nil:
		g.make(m.Mutable(f).Message(), depth, percent)
	default:
		m.Set(f, g.scalar(f))
	}
}

// make fills a fresh message: an id of somebody, or something valid and then at random.
func (g *generator) make(m protoreflect.Message, depth, percent int) {
	switch x := m.Interface().(type) {
	case *pb.PointId:
		proto.Merge(x, g.id())
		return
	case *pb.Filter:
		if g.often(50) {
			all := filters(g.v)
			proto.Merge(x, all[g.r.IntN(len(all))])
			return
		}
	case *pb.Value:
		proto.Merge(x, payloadValues()[g.r.IntN(8)])
		return
	}
	complete(m.Interface(), g.v)
	name(m, g.v.collection)
	g.fill(m, depth+1, percent)
}

func (g *generator) id() *pb.PointId {
	if g.often(50) {
		return pb.NewIDNum(uint64(g.r.IntN(9)))
	}
	return g.v.id(g.r.IntN(8))
}

// text is a string that fits the name of a field, most of the time.
func (g *generator) text(field protoreflect.Name) string {
	pick := func(of ...string) string { return of[g.r.IntN(len(of))] }
	if g.often(6) {
		return tenantKeys[g.r.IntN(len(tenantKeys))]
	}
	switch field {
	case "collection", "collection_name":
		if g.often(30) {
			return pick(collectionNames...)
		}
		return pick(g.v.collection, docs, notes, own, laws)
	case "using", "vector_name", "names", "vectors", "has_vector":
		return pick("", "text", "plain", "text", "none")
	case "uuid":
		return pick(victimUUID, g.v.id(1).GetUuid(), strings.ToUpper(victimUUID), "x")
	case "keyword", "strings":
		return pick("red", "blue", canary+victim+"/"+docs+"-1", mallory, victim)
	case "group_by":
		return pick("x", "n", "color", "secret")
	}
	return pick("color", "n", "x", "secret", "color", "parts[].color", "owner", "$score")
}

func (g *generator) scalar(f protoreflect.FieldDescriptor) protoreflect.Value {
	n := []uint64{0, 1, 2, 3, 5, 10, 100, 10_001, 1 << 31, 1<<64 - 1}[min(g.r.IntN(14), g.r.IntN(10))]
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(g.often(50))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(g.r.IntN(4)))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(g.text(f.Name()))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte("x"))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(g.r.Float32()*4 - 2)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(g.r.Float64()*4 - 2)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(int64(n))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	}
	return protoreflect.ValueOfUint64(n)
}
