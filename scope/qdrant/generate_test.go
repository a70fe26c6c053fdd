package qdrant

import (
	"math/rand/v2"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// generator makes random requests by descriptor: every field of every message, mostly plausible, now and then mischievous.
type generator struct {
	*rand.Rand
	root     string  // the collection that is asked
	mischief float64 // how often something is done that must be refused or disarmed
}

// clientNumbers and clientUUIDs are the ids that clients use, so that a checker can tell a mapped one from noise.
var (
	clientNumbers = []uint64{0, 1, 7, 1 << 40}
	clientUUIDs   = []string{uuidA, "00000000-0000-0000-0000-000000000001", "deadbeef-dead-4eef-8ead-beefdeadbeef"}
	spelledUUIDs  = []string{uuidA, "{550E8400-e29b-41d4-a716-446655440000}", "urn:uuid:" + uuidA, "550e8400E29B41d4a716446655440000", clientUUIDs[1], clientUUIDs[2]}

	plainKeys = []string{"color", "a.b", "parts[].x", `"q r".tenant_id`, "a.tenant_id", "tenant_idx"}
	slyKeys   = []string{"tenant_id", `"tenant_id"`, "tenant_id.x", "tenant_id[]", `"corpus_id"[0]`, "corpus_id", "", `"tenant_id`, "a b"}
	ours      = []string{docs, notes, own, laws}
	slyNames  = []string{"theirs", physicalShared, "", "tenant_acme_own", "docs "}
)

func (g *generator) sly() bool { return g.Float64() < g.mischief }

func pick[T any](g *generator, all ...T) T { return all[g.IntN(len(all))] }

// fill sets fields of m at random.
func (g *generator) fill(m protoreflect.Message, depth int) {
	d := m.Descriptor()
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		if fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic() {
			continue
		}
		if g.wanted(fd, depth) {
			g.set(m, fd, depth)
		}
	}
	for i := range d.Oneofs().Len() {
		if od := d.Oneofs().Get(i); !od.IsSynthetic() && !g.sly() {
			g.set(m, g.member(od, depth), depth)
		}
	}
	g.finish(m)
}

var alwaysSet = []protoreflect.Name{"collection_name", "collection", "points_selector", "id", "expression", "ids", "keys", "key", "group_by", "operations", "query_points", "search_points", "recommend_points", "discover_points", "has_id", "vectors"}

var neverSet = []protoreflect.Name{"shard_key_selector", "exact", "document", "image", "object"}

func (g *generator) wanted(fd protoreflect.FieldDescriptor, depth int) bool {
	switch {
	case slices.Contains(neverSet, fd.Name()):
		return g.sly()
	case slices.Contains(alwaysSet, fd.Name()), fd.Name() == "points", fd.FullName() == "qdrant.NestedCondition.filter":
		return !g.sly()
	case fd.Message() != nil && depth > 9:
		return false
	}
	return g.Float64() < 0.4
}

// simple are the members of oneofs that end a recursion.
var simple = []protoreflect.Name{"is_empty", "constant", "num", "enable", "dense", "vector", "string_value", "points", "ids", "sample", "keyword", "naive"}

func (g *generator) member(od protoreflect.OneofDescriptor, depth int) protoreflect.FieldDescriptor {
	for range 20 {
		fd := od.Fields().Get(g.IntN(od.Fields().Len()))
		if slices.Contains(neverSet, fd.Name()) && !g.sly() || depth > 6 && !slices.Contains(simple, fd.Name()) {
			continue
		}
		return fd
	}
	return od.Fields().Get(0)
}

func (g *generator) set(m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) {
	switch {
	case fd.IsMap():
		values := m.Mutable(fd).Map()
		for range g.IntN(3) {
			v := values.NewValue()
			if fd.MapValue().Message() != nil {
				g.fill(v.Message(), depth+1)
			}
			values.Set(valueOf(g.text(fd, "map")).MapKey(), v)
		}
	case fd.IsList():
		list := m.Mutable(fd).List()
		for range 1 + g.IntN(2) {
			if fd.Message() != nil {
				g.fill(list.AppendMutable().Message(), depth+1)
				continue
			}
			list.Append(g.scalar(fd))
		}
	case fd.Message() != nil:
		g.fill(m.Mutable(fd).Message(), depth+1)
	default:
		m.Set(fd, g.scalar(fd))
	}
}

func (g *generator) scalar(fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(g.IntN(2) == 0)
	case protoreflect.EnumKind:
		if g.sly() {
			return protoreflect.ValueOfEnum(99)
		}
		return protoreflect.ValueOfEnum(fd.Enum().Values().Get(g.IntN(fd.Enum().Values().Len())).Number())
	case protoreflect.StringKind:
		return valueOf(g.text(fd, string(fd.Name())))
	case protoreflect.Uint64Kind:
		if fd.Name() == "num" {
			return protoreflect.ValueOfUint64(pick(g, clientNumbers...))
		}
		return protoreflect.ValueOfUint64(g.Uint64N(30))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(g.Uint32N(30))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(int64(g.IntN(30)))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(g.IntN(30)))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(g.Float32())
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(g.Float64())
	}
	panic("no value for " + fd.FullName())
}

func (g *generator) text(fd protoreflect.FieldDescriptor, name string) string {
	switch name {
	case "collection_name":
		if fd.ContainingMessage().Name() != "LookupLocation" {
			return g.maybe(g.root, slyNames)
		}
		return g.maybe(pick(g, ours...), slyNames)
	case "collection":
		return g.maybe(pick(g, own, laws), append(slyNames, docs))
	case "uuid":
		return g.maybe(pick(g, spelledUUIDs...), []string{"", "7", "x"})
	case "using", "vector_name":
		return g.maybe(pick(g, "", "text", "plain"), []string{"new"})
	case "key", "keys", "group_by", "to", "datetime_key", "map", "variable":
		return g.maybe(pick(g, plainKeys...), slyKeys)
	}
	return "x"
}

func (g *generator) maybe(plain string, sly []string) string {
	if g.sly() {
		return pick(g, sly...)
	}
	return plain
}

// finish adds what a descriptor does not say: a condition checks something, idf has a raw field, and mischief.
func (g *generator) finish(m protoreflect.Message) {
	switch v := m.Interface().(type) {
	case *pb.FieldCondition:
		if v.Match == nil {
			v.Match = pb.NewMatch("x", "y").GetField().GetMatch()
		}
	case *pb.SearchParams:
		if g.IntN(3) == 0 {
			corpus := &pb.Filter{}
			g.fill(corpus.ProtoReflect(), 7)
			if raw, err := idfParams(corpus); err == nil {
				m.SetUnknown(raw)
			}
		}
	case *pb.PointStruct:
		if g.sly() {
			v.Payload = map[string]*pb.Value{pick(g, slyKeys...): pick(g, text(acme), text("evil"), pb.NewValueNull())}
		}
	}
	if g.Float64() < g.mischief/10 {
		withUnknown(m.Interface())
	}
}

// request makes one request of an RPC.
func (g *generator) request(method string) proto.Message {
	m, _ := NewRequest(method)
	g.fill(m.ProtoReflect(), 0)
	return m
}
