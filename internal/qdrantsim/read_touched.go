package qdrantsim

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// touchedByRead works out from a read's message alone which points it touches.
// It shares nothing with the code that answers the request but the filters, so
// that a mistake there cannot hide itself here. Nil for what is not a read.
func (st *store) touchedByRead(msg proto.Message) []touch {
	st.mu.RLock()
	defer st.mu.RUnlock()
	r := reading{st: st}
	if r.simple(msg) || r.collectionWide(msg) {
		return r.out
	}
	for _, q := range queriesOf(msg) {
		r.level(levelOf(q), nil)
	}
	return r.out
}

// reading collects what one read touches.
type reading struct {
	st  *store
	out []touch
}

func (r *reading) in(name string, find func(*collection) []pointID) {
	if c, err := r.st.resolve(name); err == nil {
		r.out = append(r.out, touchesOf(c, find(c))...)
	}
}

func (r *reading) matching(name string, f *qdrant.Filter) {
	compiled, err := compileFilter(f)
	if err != nil {
		return
	}
	r.in(name, func(c *collection) []pointID { return c.matching(compiled) })
}

func (r *reading) everything(name string) {
	r.in(name, func(c *collection) []pointID { return c.order })
}

// simple covers the reads that are no queries.
func (r *reading) simple(msg proto.Message) bool {
	switch m := msg.(type) {
	case *qdrant.GetPoints:
		if ids, err := parseIDs(m.GetIds()); err == nil {
			r.in(m.GetCollectionName(), func(*collection) []pointID { return ids })
		}
	case *qdrant.ScrollPoints:
		r.matching(m.GetCollectionName(), m.GetFilter())
	case *qdrant.FacetCounts:
		r.matching(m.GetCollectionName(), m.GetFilter())
	case *qdrant.CountPoints:
		r.matching(m.GetCollectionName(), m.GetFilter())
		if m.Exact != nil && !m.GetExact() { // the estimate is made from everybody's statistics
			r.everything(m.GetCollectionName())
		}
	case *qdrant.SearchMatrixPoints:
		has := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasVector(m.GetUsing())}}
		r.matching(m.GetCollectionName(), mergedFilter(m.GetFilter(), has))
		r.idf(m.GetCollectionName(), m.GetUsing(), nil)
	default:
		return false
	}
	return true
}

// collectionWide covers what shows numbers or files of a whole collection.
func (r *reading) collectionWide(msg proto.Message) bool {
	switch m := msg.(type) {
	case *qdrant.GetCollectionInfoRequest:
		r.everything(m.GetCollectionName())
	case *qdrant.CollectionClusterInfoRequest:
		r.everything(m.GetCollectionName())
	case *qdrant.CreateSnapshotRequest:
		r.everything(m.GetCollectionName())
	case *qdrant.CreateFullSnapshotRequest:
		for _, name := range r.st.names() {
			r.everything(name)
		}
	default:
		return false
	}
	return true
}

// queryLevel is a query or one prefetch of it.
type queryLevel struct {
	collection string
	prefetch   []*qdrant.PrefetchQuery
	query      *qdrant.Query
	using      string
	filter     *qdrant.Filter
	params     *qdrant.SearchParams
	lookup     *qdrant.LookupLocation
}

func levelOf(q *qdrant.QueryPoints) queryLevel {
	return queryLevel{
		collection: q.GetCollectionName(), prefetch: q.GetPrefetch(), query: q.GetQuery(), using: q.GetUsing(),
		filter: q.GetFilter(), params: q.GetParams(), lookup: q.GetLookupFrom(),
	}
}

// level: the leaves of the tree are what reads points, each by its own filter
// and all those above it; the levels above only score again what came up.
func (r *reading) level(l queryLevel, above *qdrant.Filter) {
	filter := mergedFilter(above, l.filter)
	if refs := referencedIDs(l.query); len(refs) > 0 {
		from := l.collection
		if l.lookup != nil {
			from = l.lookup.GetCollectionName()
		}
		r.in(from, func(*collection) []pointID { return refs })
	}
	if asksVector(l.query) {
		r.idf(l.collection, l.using, l.params)
	}
	if len(l.prefetch) == 0 {
		r.matching(l.collection, filter)
	}
	for _, p := range l.prefetch {
		r.level(queryLevel{
			collection: l.collection, prefetch: p.GetPrefetch(), query: p.GetQuery(), using: p.GetUsing(),
			filter: p.GetFilter(), params: p.GetParams(), lookup: p.GetLookupFrom(),
		}, filter)
	}
}

// asksVector says whether a query compares vectors.
func asksVector(q *qdrant.Query) bool {
	switch q.GetVariant().(type) {
	case *qdrant.Query_Nearest, *qdrant.Query_Recommend, *qdrant.Query_Discover, *qdrant.Query_Context,
		*qdrant.Query_NearestWithMmr, *qdrant.Query_RelevanceFeedback:
		return true
	}
	return false
}

// idf notes the corpus of a query on a sparse vector with that modifier.
func (r *reading) idf(name, using string, params *qdrant.SearchParams) {
	c, err := r.st.resolve(name)
	if err != nil {
		return
	}
	if p, sparse := c.sparseParams(using); !sparse || p.GetModifier() != qdrant.Modifier_Idf {
		return
	}
	has := &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewHasVector(using)}}
	r.matching(name, mergedFilter(idfCorpusOf(params), has))
}

// mergedFilter joins filters as the server does: list by list, which makes one
// alternative of two lists of alternatives.
func mergedFilter(a, b *qdrant.Filter) *qdrant.Filter {
	if a == nil || b == nil {
		return proto.CloneOf(orFilter(a, b))
	}
	out := proto.CloneOf(a)
	proto.Merge(out, b)
	if a.GetMinShould() != nil && b.GetMinShould() != nil {
		out.MinShould.MinCount = max(a.GetMinShould().GetMinCount(), b.GetMinShould().GetMinCount())
	}
	return out
}

func orFilter(a, b *qdrant.Filter) *qdrant.Filter {
	if a != nil {
		return a
	}
	return b
}

// referencedIDs are the ids whose vectors a query asks with.
func referencedIDs(q *qdrant.Query) []pointID {
	var out []pointID
	if q != nil {
		walk(q.ProtoReflect(), func(m protoreflect.Message) {
			in, ok := m.Interface().(*qdrant.VectorInput)
			if !ok || in.GetId() == nil {
				return
			}
			if id, err := parseID(in.GetId()); err == nil {
				out = append(out, id)
			}
		})
	}
	return out
}

// walk visits a message and all messages in it, except payload values.
func walk(m protoreflect.Message, visit func(protoreflect.Message)) {
	visit(m)
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.Message().FullName() == "qdrant.Value":
		case f.IsList():
			for i := range v.List().Len() {
				walk(v.List().Get(i).Message(), visit)
			}
		case f.IsMap():
			if f.MapValue().Message() == nil || f.MapValue().Message().FullName() == "qdrant.Value" {
				return true
			}
			v.Map().Range(func(_ protoreflect.MapKey, e protoreflect.Value) bool {
				walk(e.Message(), visit)
				return true
			})
		default:
			walk(v.Message(), visit)
		}
		return true
	})
}

// idfField is SearchParams.idf, which the client library does not know: a
// message whose field 1 is the corpus, a filter.
const idfField = 6

// idfCorpusOf is the filter of the corpus, or nil for the whole collection.
func idfCorpusOf(p *qdrant.SearchParams) *qdrant.Filter {
	if p == nil {
		return nil
	}
	idf, ok := rawField(p.ProtoReflect().GetUnknown(), idfField)
	if !ok {
		return nil
	}
	corpus, ok := rawField(idf, 1)
	f := &qdrant.Filter{}
	if !ok || proto.Unmarshal(corpus, f) != nil {
		return nil
	}
	return f
}

// rawField joins the occurrences of a length-delimited field: as messages, they
// merge.
func rawField(raw []byte, number protowire.Number) (value []byte, found bool) {
	for len(raw) > 0 {
		n, kind, head := protowire.ConsumeTag(raw)
		size := protowire.ConsumeFieldValue(n, kind, raw[max(head, 0):])
		if head < 0 || size < 0 {
			return nil, false
		}
		if n == number && kind == protowire.BytesType {
			part, _ := protowire.ConsumeBytes(raw[head:])
			value, found = append(value, part...), true
		}
		raw = raw[head+size:]
	}
	return value, found
}
