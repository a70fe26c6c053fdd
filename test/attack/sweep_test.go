package attack_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"
)

// line is one field of the inventory: through it another tenant's points, names or numbers could be reached.
type line struct {
	method, path, kind string
	recursive          bool
}

func (l line) String() string { return l.method + " " + l.path + " : " + l.kind }

// inventory reads all lines. RPCs without a risky field get one with an empty path: the call alone is tried.
func inventory(t testing.TB) []line {
	t.Helper()
	f, err := os.Open("testdata/risky-fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []line
	method, bare := "", false
	end := func() {
		if bare {
			out = append(out, line{method: method})
		}
	}
	for s := bufio.NewScanner(f); s.Scan(); {
		if head, ok := strings.CutPrefix(s.Text(), "== "); ok {
			end()
			method, bare = "/qdrant."+strings.Fields(head)[0], true
			method = strings.Replace(method, "/qdrant.Health/", "/grpc.health.v1.Health/", 1)
			continue
		}
		path, kind, ok := strings.Cut(strings.TrimSpace(s.Text()), " : ")
		if !ok || method == "" {
			t.Fatalf("line %q is none of the inventory's", s.Text())
		}
		kind, recursive := strings.CutPrefix(kind, "RECURSIVE ")
		out, bare = append(out, line{method: method, path: path, kind: kind, recursive: recursive}), false
	}
	end()
	return out
}

// TestEveryRiskyField puts hostile values into every field of the inventory, in every spelling of names and ids, through
// the gateway and through the SDK.
func TestEveryRiskyField(t *testing.T) {
	a := newArena(t)
	lines := inventory(t)
	if len(lines) < 860 {
		t.Fatalf("the inventory has %d lines: it was not read whole", len(lines))
	}
	tried := map[string]bool{}
	crossed, could := map[string]bool{}, map[string]bool{}
	for _, l := range lines {
		family := "field: " + l.kind
		if l.path == "" {
			family = "bare RPC"
		}
		for _, v := range a.views() {
			if !l.worthwhile(v) {
				continue
			}
			for i, m := range l.messages(t, v) {
				x := attempt{family: family, name: fmt.Sprintf("%s (%s, %d)", l, v.name, i), method: l.method, message: m}
				a.try(t, byGateway, x)
				if v.name == "logical" || v.name == "stored" {
					a.try(t, bySDK, x)
				}
				tried[l.String()] = true
			}
		}
		for _, m := range l.messages(t, a.direct()) {
			could[family] = true
			x := attempt{family: family, name: l.String(), method: l.method, message: m}
			c := a.crosses(t, x)
			book.control(family, c)
			crossed[family] = crossed[family] || c
		}
		if book.wrong > 20 {
			break
		}
	}
	for _, l := range lines {
		if !tried[l.String()] {
			t.Errorf("%s was not tried", l)
		}
	}
	for family := range could {
		if !crossed[family] && !harmlessKinds[family] {
			t.Errorf("%s: nothing crosses even without the gateway: is the attack a real one?", family)
		}
	}
}

// harmlessKinds cannot cross by themselves on the simulated server: it serves no models and no shard keys, and which
// vectors a point has matters to nobody else.
var harmlessKinds = map[string]bool{
	"field: Document": true, "field: Image": true, "field: InferenceObject": true, "field: ShardKeySelector": true, "field: ShardKey": true,
	"field: map:Vector": true, "field: map:VectorParams": true,
}

// worthwhile leaves out views that differ from the others in nothing that the field is about.
func (l line) worthwhile(v view) bool {
	switch l.kind {
	case "PointId", "PointsSelector":
		return true
	case "Filter", "LookupLocation", "WithLookup", "PrefetchQuery":
		return v.name != "spelled"
	case "Document", "Image", "InferenceObject", "ShardKey", "ShardKeySelector":
		return v.name == "logical" || v.name == "dedicated"
	case "Expression":
		return v.name == "stored" || v.name == "dedicated"
	case "str", "map:Value":
		return v.name == "logical" || v.name == "dedicated" || v.name == "reference"
	}
	return v.name != "spelled"
}

// messages are requests with a hostile value in the field of a line.
func (l line) messages(t testing.TB, v view) []proto.Message {
	t.Helper()
	d, ok := methodDescriptor(l.method)
	if !ok {
		return []proto.Message{raw(v.collection), raw(vaultPhysical)} // not in the client library: the name is field 1
	}
	var out []proto.Message
	build := func(put func(protoreflect.Message, protoreflect.FieldDescriptor)) {
		m, ok := newMessage(d.Input())
		if !ok {
			t.Fatalf("%s has no message", l)
		}
		complete(m, v)
		name(m.ProtoReflect(), v.collection)
		if l.path != "" {
			walkPath(t, l, m.ProtoReflect(), v, put)
			prefetched(m.ProtoReflect())
		}
		out = append(out, m)
	}
	values := l.values(v)
	if len(values) == 0 {
		build(func(protoreflect.Message, protoreflect.FieldDescriptor) {})
	}
	for _, put := range values {
		build(put)
	}
	return out
}

// raw is a message whose first field is a string.
func raw(first string) proto.Message {
	m := &emptypb.Empty{}
	m.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), first))
	return m
}

// name sets the name of the collection, in the items of a batch too.
func name(m protoreflect.Message, collection string) {
	f := m.Descriptor().Fields().ByName("collection_name")
	if f != nil {
		m.Set(f, protoreflect.ValueOfString(collection))
	}
}

// walkPath makes the messages on the way to a field, valid each, and puts the value there.
func walkPath(t testing.TB, l line, m protoreflect.Message, v view, put func(protoreflect.Message, protoreflect.FieldDescriptor)) {
	t.Helper()
	segments := strings.Split(l.path, ".")
	for i, segment := range segments {
		last := i == len(segments)-1
		if segment == "idf" && m.Descriptor().Name() == "SearchParams" {
			idf(m, v, put)
			return
		}
		f := m.Descriptor().Fields().ByName(protoreflect.Name(strings.TrimRight(segment, "[]{}")))
		if f == nil {
			t.Fatalf("%s: no field %s", l, segment)
		}
		if last {
			if l.recursive {
				m = deeper(m, f, v)
			}
			put(m, f)
			return
		}
		m = stepInto(m, f, v)
	}
}

// stepInto returns the message behind a field, the first of a list, the one value of a map.
func stepInto(m protoreflect.Message, f protoreflect.FieldDescriptor, v view) protoreflect.Message {
	switch {
	case f.IsMap():
		values := m.Mutable(f).Map()
		key := protoreflect.ValueOfString("text").MapKey()
		inner := values.NewValue()
		values.Set(key, inner)
		return inner.Message()
	case f.IsList():
		list := m.Mutable(f).List()
		if list.Len() == 0 {
			inner := list.NewElement()
			complete(inner.Message().Interface(), v)
			name(inner.Message(), v.collection)
			list.Append(inner)
		}
		return list.Get(0).Message()
	}
	fresh := !m.Has(f)
	inner := m.Mutable(f).Message()
	if fresh {
		complete(inner.Interface(), v)
	}
	return inner
}

// deeper goes one level further in a type that contains itself, and returns a message with the same field.
func deeper(m protoreflect.Message, f protoreflect.FieldDescriptor, v view) protoreflect.Message {
	switch f.Message().Name() {
	case "PrefetchQuery":
		inner := stepInto(m, f, v)
		if f := inner.Descriptor().Fields().ByName("prefetch"); f != nil {
			return inner
		}
	case "Expression":
		inner := stepInto(m, f, v).Interface().(*pb.Expression)
		inner.Variant = &pb.Expression_Neg{Neg: &pb.Expression{Variant: &pb.Expression_Sum{Sum: &pb.SumExpression{}}}}
		return m
	}
	return m
}

// idf sets params.idf.corpus, which the client library does not know.
func idf(params protoreflect.Message, _ view, put func(protoreflect.Message, protoreflect.FieldDescriptor)) {
	holder := &pb.Condition_Filter{}
	c := &pb.Condition{ConditionOneOf: holder}
	put(c.ProtoReflect(), c.ProtoReflect().Descriptor().Fields().ByName("filter"))
	wire, err := proto.Marshal(c.GetFilter())
	if err != nil {
		panic(err)
	}
	corpus := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), wire)
	params.SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), corpus))
}
