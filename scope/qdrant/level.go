package qdrant

import (
	"math/bits"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A level is a message that searches by itself: a query, each of its prefetches, an item of a batch.

// enterLevel finds the collection in which ids that stand for vectors are looked up. The server does so by level: a
// prefetch does not inherit.
func (w *walk) enterLevel(m proto.Message) *fault {
	w.ids = w.queried
	l, ok := m.(interface{ GetLookupFrom() *pb.LookupLocation })
	if !ok || l.GetLookupFrom() == nil {
		return nil
	}
	c, f := w.scope.collection(l.GetLookupFrom().GetCollectionName())
	if f != nil {
		return f.at("lookup_from.collection_name")
	}
	w.ids = c
	return nil
}

// searched returns the vector that a level compares, if it compares vectors.
func searched(m proto.Message) (name string, yes bool) {
	switch l := m.(type) {
	case interface {
		GetUsing() string
		GetQuery() *pb.Query
	}:
		return l.GetUsing(), compares(l.GetQuery())
	case interface{ GetUsing() string }:
		return l.GetUsing(), true
	case interface{ GetVectorName() string }:
		return l.GetVectorName(), true
	}
	return "", false
}

func compares(q *pb.Query) bool {
	switch q.GetVariant().(type) {
	case nil, *pb.Query_OrderBy, *pb.Query_Fusion, *pb.Query_Rrf, *pb.Query_Sample, *pb.Query_Formula:
		return false
	}
	return true // a variant that is new to this engine is refused by the tables; here it counts as a search
}

// idf makes the server count, for an idf vector, only what this corpus holds: its scores would tell which terms others
// have, and how often.
func (w *walk) idf(m proto.Message) *fault {
	name, yes := searched(m)
	if !yes || !w.queried.shared() {
		return nil
	}
	v, f := w.vector(name)
	if f != nil || !v.IDF {
		return f
	}
	if !w.scope.scopesIDF {
		return tooOld()
	}
	r := m.ProtoReflect()
	params := r.Mutable(r.Descriptor().Fields().ByName("params")).Message()
	if len(params.GetUnknown()) == 0 { // else it is the caller's corpus, already scoped
		params.SetUnknown(w.queried.idf)
	}
	return nil
}

// vector finds a vector of a Shared collection. One that is not declared could be an idf vector: the server is not asked.
func (w *walk) vector(name string) (Vector, *fault) {
	v, ok := w.queried.vectors[name]
	if !ok {
		return v, refusef(invalid, ReasonInvalidArgument, "Wrong input: Not existing vector name error: %s", quoted(name))
	}
	return v, nil
}

func tooOld() *fault {
	return refusef(invalid, ReasonServerTooOld,
		"idf statistics can be limited to one corpus only by Qdrant 1.19 and later: ask the platform to upgrade, or use another vector")
}

// idfParams reads params.idf, the one field that the engine knows and the client library does not.
func (w *walk) idfParams(m protoreflect.Message) *fault {
	corpus, ok := readIDF(m.GetUnknown())
	if !ok {
		return refusef(invalid, ReasonUnknownField, "SearchParams has a field that is not supported here: leave it out")
	}
	if !w.scope.scopesIDF {
		return tooOld().at("idf")
	}
	if f := w.message(corpus.ProtoReflect(), w.plans["qdrant.Filter"]); f != nil {
		return f.at("corpus").at("idf")
	}
	if w.queried.shared() {
		w.queried.scoped(corpus)
	}
	raw, err := idfParams(corpus)
	if err != nil {
		return refusef(invalid, ReasonInvalidArgument, "the corpus cannot be encoded: is it valid UTF-8?").at("idf")
	}
	m.SetUnknown(raw)
	return nil
}

// readIDF accepts exactly one params.idf with at most one corpus: a message in several parts would be merged elsewhere.
func readIDF(raw []byte) (*pb.Filter, bool) {
	params, ok := onlyField(raw, idfField)
	if !ok {
		return nil, false
	}
	corpus := &pb.Filter{}
	if len(params) == 0 {
		return corpus, true
	}
	filter, ok := onlyField(params, corpusField)
	return corpus, ok && proto.Unmarshal(filter, corpus) == nil
}

func onlyField(raw []byte, want protowire.Number) ([]byte, bool) {
	number, kind, n := protowire.ConsumeTag(raw)
	if n < 0 || number != want || kind != protowire.BytesType {
		return nil, false
	}
	value, m := protowire.ConsumeBytes(raw[n:])
	return value, m >= 0 && n+m == len(raw)
}

// matrix is what a distance matrix needs: it takes no params, so an idf vector cannot be scoped.
func (w *walk) matrix(m proto.Message) *fault {
	q := m.(*pb.SearchMatrixPoints)
	if w.queried.shared() {
		v, f := w.vector(q.GetUsing())
		if f != nil {
			return f.at("using")
		}
		if v.IDF {
			return refusef(invalid, ReasonNotSupported,
				"a distance matrix of an idf vector is not available in a shared collection: its scores depend on other corpora").at("using")
		}
	}
	return w.product("limit × sample", orElse(q.Limit, 3), orElse(q.Sample, 10))
}

// query is what a query and a prefetch need besides.
func (w *walk) query(m proto.Message) *fault {
	if f := w.idf(m); f != nil {
		return f
	}
	switch q := m.(type) {
	case *pb.QueryPoints:
		return w.diversified(q.GetQuery(), orElse(q.Limit, 10))
	case *pb.PrefetchQuery:
		return w.diversified(q.GetQuery(), orElse(q.Limit, 10))
	}
	return refusef(codes.Internal, ReasonWrongMessage, "%s is no query", m.ProtoReflect().Descriptor().Name())
}

// diversified bounds the candidates of mmr, which are limit where nothing is said.
func (w *walk) diversified(q *pb.Query, limit uint64) *fault {
	mmr := q.GetNearestWithMmr()
	if mmr == nil || mmr.GetMmr().GetCandidatesLimit() > 0 {
		return nil // what is said has been checked
	}
	return atMost("limit of a query with mmr", limit, w.scope.limits.MaxCandidates)
}

// groups is what a search in groups needs besides.
func (w *walk) groups(m proto.Message) *fault {
	if f := w.idf(m); f != nil {
		return f
	}
	switch q := m.(type) {
	case *pb.QueryPointGroups:
		limit, size := orElse(q.Limit, 10), orElse(q.GroupSize, 3)
		if f := w.product("limit × group_size", limit, size); f != nil {
			return f
		}
		return w.diversified(q.GetQuery(), limit*size)
	case interface {
		GetLimit() uint32
		GetGroupSize() uint32
	}:
		return w.product("limit × group_size", uint64(q.GetLimit()), uint64(q.GetGroupSize()))
	}
	return refusef(codes.Internal, ReasonWrongMessage, "%s has no limit of groups", m.ProtoReflect().Descriptor().Name())
}

func (w *walk) product(what string, a, b uint64) *fault {
	hi, n := bits.Mul64(a, b)
	if hi > 0 {
		n = 1<<64 - 1
	}
	return w.bounded(what, n)
}

func orElse(v *uint64, d uint64) uint64 {
	if v == nil {
		return d
	}
	return *v
}
