package qdrant

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
)

// replyMaker makes random replies by descriptor: every field, unknown ones, and now and then another's id.
type replyMaker struct {
	*rand.Rand
	in      *collection
	foreign float64 // how often an id is not of the collection
}

func (r *replyMaker) fill(m protoreflect.Message, depth int) {
	if id, ok := m.Interface().(*pb.PointId); ok {
		r.id(id)
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if fd := fields.Get(i); r.IntN(3) > 0 && (fd.Message() == nil || depth < 7) {
			r.set(m, fd, depth)
		}
	}
	if r.IntN(4) == 0 {
		withUnknown(m.Interface())
	}
}

func (r *replyMaker) id(id *pb.PointId) {
	id.PointIdOptions = &pb.PointId_Num{Num: r.Uint64() >> r.IntN(64)}
	if r.IntN(2) == 0 {
		id.PointIdOptions = &pb.PointId_Uuid{Uuid: fmt.Sprintf("%08x-dead-4eef-8ead-beefdeadbeef", r.Uint32())}
	}
	if r.in.shared() && r.Float64() >= r.foreign {
		_ = r.in.ids.seal(id, &scratch{}) // fails for no id of the above
	}
}

func (r *replyMaker) set(m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) {
	switch {
	case fd.IsMap():
		entries := m.Mutable(fd).Map()
		for range r.IntN(4) {
			v := entries.NewValue()
			if fd.MapValue().Message() != nil {
				r.fill(v.Message(), depth+1)
			}
			entries.Set(protoreflect.ValueOfString([]string{TenantField, CorpusField, "a", "", r.text()}[r.IntN(5)]).MapKey(), v)
		}
	case fd.IsList() && fd.Message() != nil:
		for range r.IntN(4) {
			r.fill(m.Mutable(fd).List().AppendMutable().Message(), depth+1)
		}
	case fd.IsList():
		for range r.IntN(4) {
			m.Mutable(fd).List().Append(r.scalar(fd))
		}
	case fd.Message() != nil:
		r.fill(m.Mutable(fd).Message(), depth+1)
	default:
		m.Set(fd, r.scalar(fd))
	}
}

func (r *replyMaker) scalar(fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(r.text())
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(int64(r.Uint64()))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(r.Uint64() >> r.IntN(64))
	}
	g := &generator{Rand: r.Rand}
	return g.scalar(fd)
}

// text is now and then so long that the length of what holds it takes another byte with it than without.
func (r *replyMaker) text() string { return strings.Repeat("ü", 1<<r.IntN(8)-1) }

// agree compares the two ways of cleaning an encoded reply, and reports whether the short one was taken.
func agree(t *testing.T, c *Call, raw []byte) bool {
	t.Helper()
	w := &rewriter{reader: reader{queried: c.queried}}
	short, taken := w.message(nil, raw, replyPlans[methods[c.Method].out.Descriptor().FullName()])
	if !taken {
		return false
	}
	got := c.NewReply()
	if err := proto.Unmarshal(short, got); err != nil {
		t.Fatalf("%s, %s: what was made of %x does not decode: %v", c.Method, c.queried.Pattern, raw, err)
	}
	long, err := c.decoded(nil, raw)
	if err != nil {
		// The one difference: what is dropped need not decode.
		if proto.Unmarshal(raw, c.NewReply()) == nil {
			t.Fatalf("%s, %s: %x was passed on, but %v", c.Method, c.queried.Pattern, raw, err)
		}
		return true
	}
	want := c.NewReply()
	if err := proto.Unmarshal(long, want); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) {
		t.Fatalf("%s, %s (-decoded +encoded):\n%s", c.Method, c.queried.Pattern, cmp.Diff(want, got, protocmp.Transform()))
	}
	return true
}

// spoil makes of an encoded reply one that no server writes.
func (r *replyMaker) spoil(raw, other []byte) []byte {
	switch r.IntN(3) {
	case 0:
		return slices.Concat(raw, other)
	case 1:
		raw = raw[:r.IntN(len(raw)+1)]
	}
	for range 1 + r.IntN(3) {
		if len(raw) > 0 {
			raw[r.IntN(len(raw))] ^= 1 << r.IntN(8)
		}
	}
	return raw
}

// unencoded are the RPCs whose replies are always decoded, one field of theirs being rewritten.
var unencoded = []string{"/qdrant.Collections/Get"}

// TestEncodedRepliesAreCleanedAlike makes random replies of every RPC for every pattern, sound ones and spoilt ones.
func TestEncodedRepliesAreCleanedAlike(t *testing.T) {
	s := newTestScope(t)
	for _, name := range Methods() {
		if methods[name].treatment != served {
			continue
		}
		t.Run(name[1:], func(t *testing.T) {
			for _, in := range []string{docs, own, laws} {
				r := &replyMaker{Rand: rand.New(rand.NewPCG(3, 4)), in: s.collections[in]}
				c := &Call{Method: name, scope: s, queried: r.in}
				for range 60 {
					raw := r.reply(t, name)
					if !agree(t, c, raw) && !slices.Contains(unencoded, name) {
						t.Fatalf("%s: a sound reply was left to be decoded: %x", in, raw)
					}
					agree(t, c, r.spoil(raw, r.reply(t, name)))
				}
				r.foreign = 0.1
				for range 60 {
					agree(t, c, r.reply(t, name))
				}
			}
		})
	}
}

func (r *replyMaker) reply(t testing.TB, method string) []byte {
	t.Helper()
	m := methods[method].out.New()
	r.fill(m, 0)
	raw, err := proto.Marshal(m.Interface())
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// encodings of replies to a query. What a decoder would make of them differs from what stands in them first.
func TestOddEncodings(t *testing.T) {
	s := newTestScope(t)
	field := func(n protowire.Number, body ...[]byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), slices.Concat(body...))
	}
	varint := func(n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
	}
	const pointResult, pointID, pointPayload, pointVectors = 1, 1, 2, 6
	id := stored(t, s, pb.NewIDUUID(uuidA)).GetUuid()
	nested := field(4, []byte("x")) // a Value of a string
	for range maxWireDepth {
		nested = field(7, field(1, nested)) // of a list of one Value
	}
	key := func(k string) []byte { return field(keyNumber, []byte(k)) }
	cases := map[string]struct {
		point []byte
		short bool // may be passed on without decoding
	}{
		"as servers write it":     {field(pointID, field(uuidNumber, []byte(id))), true},
		"two keys of an entry":    {field(pointPayload, key("a"), key(TenantField), field(valueNumber)), false},
		"two keys, the other way": {field(pointPayload, key(TenantField), key("a"), field(valueNumber)), false},
		"key after value":         {field(pointPayload, field(valueNumber), key(TenantField)), false},
		"two ids":                 {slices.Concat(field(pointID, field(uuidNumber, []byte(id))), field(pointID, varint(numNumber, 7))), false},
		"two options in an id":    {field(pointID, field(uuidNumber, []byte(id)), varint(numNumber, 7)), false},
		"number as an id":         {field(pointID, varint(numNumber, 7)), false},
		"empty id":                {field(pointID), false},
		"deep payload":            {field(pointPayload, key("a"), field(valueNumber, nested)), false},
		"torn numbers":            {field(pointVectors, field(1, field(1, []byte{1, 2, 3}))), false},
		"torn varints":            {field(pointVectors, field(1, field(2, field(1, []byte{0x80})))), false},
		"key that is no text":     {field(pointPayload, key("\xff"), field(valueNumber)), false},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			c := &Call{Method: "/qdrant.Points/Query", scope: s, queried: s.collections[docs]}
			if taken := agree(t, c, field(pointResult, tt.point)); taken != tt.short {
				t.Errorf("passed on without decoding: %t, want %t", taken, tt.short)
			}
		})
	}
}

// TestLengthsChange: a stored id in a short spelling becomes longer, and what holds it another byte of length.
func TestLengthsChange(t *testing.T) {
	s := newTestScope(t)
	short := strings.ReplaceAll(stored(t, s, pb.NewIDUUID(uuidA)).GetUuid(), "-", "")
	c := &Call{Method: "/qdrant.Points/Query", scope: s, queried: s.collections[docs]}
	for n := range 200 {
		p := &pb.ScoredPoint{Id: pb.NewIDUUID(short), Payload: map[string]*pb.Value{"a": text(strings.Repeat("x", n))}}
		raw, err := proto.Marshal(&pb.QueryResponse{Result: slices.Repeat([]*pb.ScoredPoint{p}, 2*maxWireDepth)})
		if err != nil {
			t.Fatal(err)
		}
		if !agree(t, c, raw) {
			t.Fatal("the reply was left to be decoded")
		}
	}
}

// FuzzReply lets the fuzzer write the reply.
func FuzzReply(f *testing.F) {
	s := newTestScope(f)
	r := &replyMaker{Rand: rand.New(rand.NewPCG(5, 6)), in: s.collections[docs]}
	for i, name := range Methods() {
		if methods[name].treatment == served {
			f.Add(uint8(i), uint8(0), r.reply(f, name))
		}
	}
	f.Fuzz(func(t *testing.T, method, in uint8, raw []byte) {
		name := Methods()[int(method)%len(Methods())]
		if methods[name].treatment == served {
			agree(t, &Call{Method: name, scope: s, queried: s.collections[ours[int(in)%len(ours)]]}, raw)
		}
	})
}

// TestResponseBytes: what is converted, what is refused, and what is appended to.
func TestResponseBytes(t *testing.T) {
	s := newTestScope(t)
	encode := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	query := call(t, s, "Points/Query", plainQuery())
	count := call(t, s, "Points/Count", &pb.CountPoints{CollectionName: docs})
	foreign := encode(&pb.QueryResponse{Result: []*pb.ScoredPoint{{Id: pb.NewIDNum(1)}}})
	deep := encode(&pb.QueryResponse{})
	for range maxWireDepth + 10 {
		deep = append(protowire.AppendTag(nil, 6, protowire.BytesType), protowire.AppendBytes(nil, deep)...)
	}
	cases := map[string]struct {
		call  *Call
		reply []byte
		want  proto.Message // nil: withheld
	}{
		"query": {query, encode(plainReply(t, s)), respond(t, query, plainReply(t, s))},
		"count": {count, encode(&pb.FacetResponse{Time: 1, Hits: []*pb.FacetHit{
			{Value: &pb.FacetValue{Variant: &pb.FacetValue_StringValue{StringValue: acme}}, Count: 7},
		}}), &pb.CountResponse{Time: 1, Result: &pb.CountResult{Count: 7}}},
		"another's count": {count, encode(&pb.FacetResponse{Hits: []*pb.FacetHit{{Count: 7}}}), nil},
		"another's point": {query, foreign, nil},
		"garbage":         {query, []byte{0xff}, nil},
		"no field of it":  {query, deep, &pb.QueryResponse{}},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := tt.call.ResponseBytes([]byte("before"), tt.reply)
			if tt.want == nil {
				if r := refusalOf(t, err); r.Code != codes.Internal || out != nil {
					t.Errorf("got %v and %x, want an internal error and nothing", err, out)
				}
				return
			}
			raw, found := bytes.CutPrefix(out, []byte("before"))
			got := tt.want.ProtoReflect().New().Interface()
			if err != nil || !found || proto.Unmarshal(raw, got) != nil {
				t.Fatalf("got %x, %v", out, err)
			}
			if diff := cmp.Diff(tt.want, got, protocmp.Transform()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// BenchmarkPlainReply is the answer to a plain query, from bytes to bytes: the short way and the long one.
func BenchmarkPlainReply(b *testing.B) {
	s := newTestScope(b)
	c := call(b, s, "Points/Query", plainQuery())
	raw, err := proto.Marshal(plainReply(b, s))
	if err != nil {
		b.Fatal(err)
	}
	for name, respond := range map[string]func(dst, reply []byte) ([]byte, error){"encoded": c.ResponseBytes, "decoded": c.decoded} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := respond(make([]byte, 0, len(raw)), raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
