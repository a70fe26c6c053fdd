package qdrant

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// checker judges what the engine lets out. It shares nothing with the engine: it looks at the message that would be sent
// and knows only what a request in a Shared collection must be like.
type checker struct {
	t       testing.TB
	ids     map[string]map[string]bool // stored forms of the clients' ids, by logical collection
	raw     map[string]bool            // the clients' ids as they are
	lookups map[string]string          // path of a level → logical collection of its lookup_from
	access  []Access
	queried string
	writes  bool
	faults  []string
}

var corpora = map[string]string{docs: "corpus-docs", notes: "corpus-notes"}

// levels are the messages whose filter decides what is found.
var levels = []protoreflect.Name{
	"QueryPoints", "PrefetchQuery", "QueryPointGroups", "SearchPoints", "SearchPointGroups", "RecommendPoints",
	"RecommendPointGroups", "DiscoverPoints", "ScrollPoints", "FacetCounts", "SearchMatrixPoints",
}

var forbiddenMessages = []protoreflect.Name{"ShardKeySelector", "ShardKey", "Document", "Image", "InferenceObject", "GetPoints", "CountPoints", "ClearPayloadPoints", "ClearPayload", "GetCollectionInfoRequest"}

func newChecker(t testing.TB, queried string) *checker {
	k := &checker{t: t, queried: queried, ids: map[string]map[string]bool{docs: {}, notes: {}}, raw: map[string]bool{}}
	tenant := testConfig().TenantUID
	for name, corpus := range corpora {
		for _, n := range clientNumbers {
			k.ids[name][reference(t, tenant, corpus, &n, [16]byte{})] = true
			k.raw[fmt.Sprint(n)] = true
		}
		for _, u := range clientUUIDs {
			var raw [16]byte
			if !parseUUID(u, &raw) {
				t.Fatal(u)
			}
			k.ids[name][reference(t, tenant, corpus, nil, raw)] = true
		}
	}
	return k
}

func (k *checker) fault(path, format string, args ...any) {
	k.faults = append(k.faults, path+": "+fmt.Sprintf(format, args...))
}

// findLookups notes what each level of the original request looks ids up in.
func (k *checker) findLookups(m protoreflect.Message) {
	k.lookups = map[string]string{}
	walkPaths(m, "", func(path string, m protoreflect.Message) {
		if l, ok := m.Interface().(interface{ GetLookupFrom() *pb.LookupLocation }); ok && l.GetLookupFrom() != nil {
			k.lookups[path] = l.GetLookupFrom().GetCollectionName()
		}
	})
}

// walkPaths visits every message with the path to it.
func walkPaths(m protoreflect.Message, path string, visit func(string, protoreflect.Message)) {
	visit(path, m)
	eachChild(m, path, func(child string, _ protoreflect.FieldDescriptor, c protoreflect.Message) { walkPaths(c, child, visit) })
}

func eachChild(m protoreflect.Message, path string, visit func(string, protoreflect.FieldDescriptor, protoreflect.Message)) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := path + "." + string(fd.Name())
		switch {
		case fd.IsMap():
			if fd.MapValue().Message() != nil {
				v.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
					visit(at+"."+key.String(), fd, v.Message())
					return true
				})
			}
		case fd.Message() == nil:
		case fd.IsList():
			for i := range v.List().Len() {
				visit(fmt.Sprintf("%s[%d]", at, i), fd, v.List().Get(i).Message())
			}
		default:
			visit(at, fd, v.Message())
		}
		return true
	})
}

// message checks m and everything in it. in is where ids that stand for vectors are resolved.
func (k *checker) message(m protoreflect.Message, path, in string, element bool) {
	name := m.Descriptor().Name()
	if slices.Contains(forbiddenMessages, name) {
		k.fault(path, "a %s is sent", name)
	}
	if slices.Contains(levels, name) {
		if in = k.queried; k.lookups[path] != "" {
			in = k.lookups[path]
		}
		k.scoped(path, m.Interface().(interface{ GetFilter() *pb.Filter }).GetFilter())
		k.statistics(path, m)
	}
	k.unknown(path, m)
	k.names(path, m)
	k.writesOf(path, m)
	if !element {
		k.keys(path, m)
	}
	eachChild(m, path, func(at string, fd protoreflect.FieldDescriptor, child protoreflect.Message) {
		if id, ok := child.Interface().(*pb.PointId); ok {
			k.id(at, fd, id, in)
			return
		}
		if fd.Name() == "update_filter" || m.Descriptor().Name() == "PointsSelector" && fd.Name() == "filter" {
			k.scoped(at, child.Interface().(*pb.Filter))
		}
		k.message(child, at, in, element || name == "NestedCondition")
	})
}

// scoped wants both conditions in must, each alone in its field condition.
func (k *checker) scoped(path string, f *pb.Filter) {
	found := map[string]bool{}
	for _, c := range f.GetMust() {
		if c.GetField() != nil && proto.Equal(c, pb.NewMatch(c.GetField().GetKey(), c.GetField().GetMatch().GetKeyword())) {
			found[c.GetField().GetKey()+"="+c.GetField().GetMatch().GetKeyword()] = true
		}
	}
	if !found["tenant_id="+acme] || !found["corpus_id="+corpora[k.queried]] {
		k.fault(path, "the filter does not hold tenant and corpus: %v", f)
	}
}

// id wants every id to be one of this tenant's in the collection that resolves it.
func (k *checker) id(path string, fd protoreflect.FieldDescriptor, id *pb.PointId, in string) {
	where := k.queried
	switch parent := fd.ContainingMessage().Name(); {
	case parent == "VectorInput", parent == "VectorExample", fd.Name() == "positive", fd.Name() == "negative":
		where = in
	}
	if stored, shared := k.ids[where]; shared {
		if !stored[id.GetUuid()] {
			k.fault(path, "id %v is none of %s", id, where)
		}
		return
	}
	if id.GetUuid() == "" && !k.raw[fmt.Sprint(id.GetNum())] {
		k.fault(path, "id %v of %s was changed", id, where)
	}
}

func (k *checker) names(path string, m protoreflect.Message) {
	for _, name := range []protoreflect.Name{"collection_name", "collection"} {
		fd := m.Descriptor().Fields().ByName(name)
		if fd == nil {
			continue
		}
		physical := m.Get(fd).String()
		if !slices.ContainsFunc(k.access, func(a Access) bool { return a.Collection == physical }) {
			k.fault(path, "collection %q is not among %v", physical, k.access)
		}
		if name == "collection" && physical == physicalShared {
			k.fault(path, "points of a shared collection are joined")
		}
	}
}

// firstOf reads the first key of a path in a way of its own: it takes quotes off and looks at what follows.
func firstOf(path string) string {
	if rest, ok := strings.CutPrefix(path, `"`); ok {
		key, _, _ := strings.Cut(rest, `"`)
		return key
	}
	return path[:strings.IndexAny(path+".", ".[")]
}

func mine(key, value string) bool {
	return key == "tenant_id" && value == acme || key == "corpus_id" && (value == corpora[docs] || value == corpora[notes])
}

// keys wants nothing to be filtered, grouped, ordered or computed by a reserved key, except what the engine does.
func (k *checker) keys(path string, m protoreflect.Message) {
	for _, name := range []protoreflect.Name{"key", "group_by", "to", "datetime_key", "variable"} {
		fd := m.Descriptor().Fields().ByName(name)
		if fd == nil || !m.Has(fd) {
			continue
		}
		key := m.Get(fd).String()
		if first := firstOf(key); first != "tenant_id" && first != "corpus_id" {
			continue
		}
		switch v := m.Interface().(type) {
		case *pb.FieldCondition:
			if mine(v.GetKey(), v.GetMatch().GetKeyword()) {
				continue
			}
		case *pb.FacetCounts:
			if v.GetExact() && v.GetLimit() == 1 && v.GetKey() == "tenant_id" {
				continue
			}
		}
		k.fault(path, "%s is %s", name, key)
	}
}

// writesOf wants reserved keys to be written by nobody but the engine.
func (k *checker) writesOf(path string, m protoreflect.Message) {
	for _, key := range stringsIn(m, "keys") {
		if first := firstOf(key); first == "tenant_id" || first == "corpus_id" {
			k.fault(path, "key %s is deleted", key)
		}
	}
	p, ok := m.Interface().(interface{ GetPayload() map[string]*pb.Value })
	if !ok {
		return
	}
	for key, v := range p.GetPayload() {
		if first := firstOf(key); (first == "tenant_id" || first == "corpus_id") && !mine(key, v.GetStringValue()) {
			k.fault(path, "%s is written as %v", key, v)
		}
	}
	merged := m.Descriptor().Name() == "SetPayload" || m.Descriptor().Name() == "SetPayloadPoints" && !k.writes
	has := p.GetPayload()["tenant_id"].GetStringValue() == acme && p.GetPayload()["corpus_id"].GetStringValue() == corpora[k.queried]
	if has == merged {
		k.fault(path, "merged %v, but tenant and corpus written %v", merged, has)
	}
}

func stringsIn(m protoreflect.Message, name protoreflect.Name) (out []string) {
	if fd := m.Descriptor().Fields().ByName(name); fd != nil && fd.IsList() && fd.Kind() == protoreflect.StringKind {
		for i := range m.Get(fd).List().Len() {
			out = append(out, m.Get(fd).List().Get(i).String())
		}
	}
	return out
}

func (k *checker) unknown(path string, m protoreflect.Message) {
	if raw := m.GetUnknown(); len(raw) > 0 && m.Descriptor().Name() != "SearchParams" {
		k.fault(path, "unknown fields %x are sent", raw)
	} else if len(raw) > 0 {
		k.corpus(path, raw)
	}
}

// corpus checks params.idf.
func (k *checker) corpus(path string, raw []byte) {
	number, _, n := protowire.ConsumeTag(raw)
	params, m := protowire.ConsumeBytes(raw[n:])
	if number != 6 || n+m != len(raw) {
		k.fault(path, "unknown fields %x are sent", raw)
		return
	}
	_, _, n = protowire.ConsumeTag(params)
	filter, m := protowire.ConsumeBytes(params[n:])
	corpus := &pb.Filter{}
	if err := proto.Unmarshal(filter, corpus); err != nil || n+m != len(params) {
		k.fault(path, "idf %x: %v", raw, err)
		return
	}
	k.scoped(path+".idf", corpus)
	k.message(corpus.ProtoReflect(), path+".idf", "", false)
}

// statistics wants idf of the corpus wherever the idf vector is searched.
func (k *checker) statistics(path string, m protoreflect.Message) {
	using := ""
	for _, name := range []protoreflect.Name{"using", "vector_name"} {
		if fd := m.Descriptor().Fields().ByName(name); fd != nil {
			using = m.Get(fd).String()
		}
	}
	if using != "text" {
		return
	}
	if m.Descriptor().Name() == "SearchMatrixPoints" {
		k.fault(path, "a matrix of an idf vector is sent")
		return
	}
	if q, ok := m.Interface().(interface{ GetQuery() *pb.Query }); ok {
		switch q.GetQuery().GetVariant().(type) {
		case nil, *pb.Query_OrderBy, *pb.Query_Fusion, *pb.Query_Sample, *pb.Query_Formula, *pb.Query_Rrf:
			return
		}
	}
	p := m.Interface().(interface{ GetParams() *pb.SearchParams }).GetParams()
	if len(p.ProtoReflect().GetUnknown()) == 0 {
		k.fault(path, "idf of everybody is used")
	}
}

// check scopes a request and has the result judged. It reports whether it was accepted.
func check(t testing.TB, s *Scope, method, root string, m proto.Message) bool {
	original := proto.Clone(m)
	c, err := s.Request(method, m)
	if err != nil {
		if refusalOf(t, err).Reason == "" {
			t.Errorf("%s was refused without a reason: %v", method, err)
		}
		return false
	}
	if c.Answer != nil {
		return true
	}
	if s.collections[root].Pattern != Shared {
		return true
	}
	k := newChecker(t, root)
	k.findLookups(original.ProtoReflect())
	k.access, k.writes = c.Access, strings.HasSuffix(c.Method, "/OverwritePayload")
	k.message(c.Message.ProtoReflect(), "", root, false)
	for _, f := range k.faults {
		t.Errorf("%s\n%s\nrequest  %v\nupstream %v", method, f, original, c.Message)
	}
	return true
}

func TestWhateverTheRequest(t *testing.T) {
	s := newTestScope(t)
	for _, method := range Methods() {
		if methods[method].treatment != served {
			continue
		}
		accepted, refused := 0, 0
		for seed := range uint64(600) {
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), root: ours[seed%2], mischief: float64(seed%4) * 0.01}
			if check(t, s, method, g.root, g.request(method)) {
				accepted++
			} else {
				refused++
			}
			if t.Failed() {
				return
			}
		}
		if accepted < 60 {
			t.Errorf("%s: only %d of %d requests were accepted: this proves little", method, accepted, accepted+refused)
		}
	}
}

// FuzzRequest lets the fuzzer choose the generator's mood.
func FuzzRequest(f *testing.F) {
	s := newTestScope(f)
	f.Add(uint64(1), uint8(0), uint8(0))
	f.Add(uint64(2), uint8(20), uint8(9))
	f.Fuzz(func(t *testing.T, seed uint64, method, mischief uint8) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 2)), root: ours[seed%4], mischief: float64(mischief) / 1000}
		name := Methods()[int(method)%len(Methods())]
		if methods[name].treatment == served {
			check(t, s, name, g.root, g.request(name))
		}
	})
}

// FuzzWire scopes whatever decodes. Ids are whatever they are, so the checker is asked about everything else.
func FuzzWire(f *testing.F) {
	s := newTestScope(f)
	for _, r := range rewrites {
		raw, err := proto.Marshal(r.request())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(slices.Index(Methods(), "/qdrant.Points/"+r.method)), raw)
	}
	f.Fuzz(func(t *testing.T, method uint8, raw []byte) {
		name := Methods()[int(method)%len(Methods())]
		m, _ := NewRequest(name)
		if proto.Unmarshal(raw, m) != nil {
			return
		}
		named, ok := m.(interface{ GetCollectionName() string })
		original := proto.Clone(m)
		c, err := s.Request(name, m)
		if err != nil || c.Answer != nil || !ok || !s.collections[named.GetCollectionName()].shared() {
			return
		}
		k := newChecker(t, original.(interface{ GetCollectionName() string }).GetCollectionName())
		k.findLookups(original.ProtoReflect())
		k.access, k.writes = c.Access, strings.HasSuffix(c.Method, "/OverwritePayload")
		k.message(c.Message.ProtoReflect(), "", k.queried, false)
		for _, fault := range k.faults {
			if !strings.Contains(fault, ": id ") {
				t.Errorf("%s\n%s\nrequest  %v\nupstream %v", name, fault, original, c.Message)
			}
		}
	})
}
