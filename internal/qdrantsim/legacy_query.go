package qdrantsim

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// The older requests say with fields of their own what the universal query says
// with one; here each is put in its terms.

func searchAsQuery(r *qdrant.SearchPoints) (*qdrant.QueryPoints, error) {
	input := &qdrant.VectorInput{Variant: &qdrant.VectorInput_Dense{Dense: &qdrant.DenseVector{Data: r.GetVector()}}}
	if r.GetSparseIndices() != nil {
		sparse, err := newSparse(r.GetSparseIndices().GetData(), r.GetVector())
		if err != nil {
			return nil, err
		}
		input = qdrant.NewVectorInputSparse(sparse.indices, sparse.values)
	}
	return &qdrant.QueryPoints{
		CollectionName: r.GetCollectionName(), Query: qdrant.NewQueryNearest(input), Using: r.VectorName,
		Filter: r.GetFilter(), Params: r.GetParams(), ScoreThreshold: r.ScoreThreshold, Limit: qdrant.PtrOf(r.GetLimit()),
		Offset: r.Offset, WithPayload: r.GetWithPayload(), WithVectors: r.GetWithVectors(),
	}, nil
}

func searchGroupsAsQuery(r *qdrant.SearchPointGroups) (*qdrant.QueryPoints, error) {
	return searchAsQuery(&qdrant.SearchPoints{
		CollectionName: r.GetCollectionName(), Vector: r.GetVector(), SparseIndices: r.GetSparseIndices(), VectorName: r.VectorName,
		Filter: r.GetFilter(), Params: r.GetParams(), ScoreThreshold: r.ScoreThreshold,
		WithPayload: r.GetWithPayload(), WithVectors: r.GetWithVectors(),
	})
}

func recommendAsQuery(r *qdrant.RecommendPoints) (*qdrant.QueryPoints, error) {
	positive, err := examples(r.GetPositive(), r.GetPositiveVectors())
	if err != nil {
		return nil, err
	}
	negative, err := examples(r.GetNegative(), r.GetNegativeVectors())
	if err != nil {
		return nil, err
	}
	input := &qdrant.RecommendInput{Positive: positive, Negative: negative, Strategy: r.Strategy}
	return &qdrant.QueryPoints{
		CollectionName: r.GetCollectionName(), Query: qdrant.NewQueryRecommend(input), Using: r.Using, LookupFrom: r.GetLookupFrom(),
		Filter: r.GetFilter(), Params: r.GetParams(), ScoreThreshold: r.ScoreThreshold, Limit: qdrant.PtrOf(r.GetLimit()),
		Offset: r.Offset, WithPayload: r.GetWithPayload(), WithVectors: r.GetWithVectors(),
	}, nil
}

func recommendGroupsAsQuery(r *qdrant.RecommendPointGroups) (*qdrant.QueryPoints, error) {
	return recommendAsQuery(&qdrant.RecommendPoints{
		CollectionName: r.GetCollectionName(), Positive: r.GetPositive(), Negative: r.GetNegative(),
		PositiveVectors: r.GetPositiveVectors(), NegativeVectors: r.GetNegativeVectors(), Strategy: r.Strategy,
		Using: r.Using, LookupFrom: r.GetLookupFrom(), Filter: r.GetFilter(), Params: r.GetParams(),
		ScoreThreshold: r.ScoreThreshold, WithPayload: r.GetWithPayload(), WithVectors: r.GetWithVectors(),
	})
}

func discoverAsQuery(r *qdrant.DiscoverPoints) (*qdrant.QueryPoints, error) {
	query, err := discoverQuery(r)
	if err != nil {
		return nil, err
	}
	return &qdrant.QueryPoints{
		CollectionName: r.GetCollectionName(), Query: query, Using: r.Using, LookupFrom: r.GetLookupFrom(),
		Filter: r.GetFilter(), Params: r.GetParams(), Limit: qdrant.PtrOf(r.GetLimit()), Offset: r.Offset,
		WithPayload: r.GetWithPayload(), WithVectors: r.GetWithVectors(),
	}, nil
}

// discoverQuery is a discovery with a target, and without one a search by the
// context alone.
func discoverQuery(r *qdrant.DiscoverPoints) (*qdrant.Query, error) {
	context := &qdrant.ContextInput{}
	for _, pair := range r.GetContext() {
		if pair.GetPositive() == nil || pair.GetNegative() == nil {
			return nil, malformed("Both positive and negative are required in a context pair")
		}
		positive, err := exampleInput(pair.GetPositive())
		if err != nil {
			return nil, err
		}
		negative, err := exampleInput(pair.GetNegative())
		if err != nil {
			return nil, err
		}
		context.Pairs = append(context.Pairs, &qdrant.ContextInputPair{Positive: positive, Negative: negative})
	}
	if r.GetTarget() == nil {
		return qdrant.NewQueryContext(context), nil
	}
	if r.GetTarget().GetTarget() == nil {
		return nil, malformed("Target vector is malformed")
	}
	target, err := exampleInput(r.GetTarget().GetSingle())
	if err != nil {
		return nil, err
	}
	return qdrant.NewQueryDiscover(&qdrant.DiscoverInput{Target: target, Context: context}), nil
}

// examples are given by ids, by vectors, or both: ids come first.
func examples(ids []*qdrant.PointId, vectors []*qdrant.Vector) ([]*qdrant.VectorInput, error) {
	var out []*qdrant.VectorInput
	for _, id := range ids {
		if _, err := parseID(id); err != nil {
			return nil, err
		}
		out = append(out, qdrant.NewVectorInputID(id))
	}
	for _, v := range vectors {
		in, err := vectorAsInput(v)
		if err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	return out, nil
}

func exampleInput(e *qdrant.VectorExample) (*qdrant.VectorInput, error) {
	switch o := e.GetExample().(type) {
	case *qdrant.VectorExample_Id:
		_, err := parseID(o.Id)
		return qdrant.NewVectorInputID(o.Id), err
	case *qdrant.VectorExample_Vector:
		return vectorAsInput(o.Vector)
	}
	return nil, malformed("Vector example, which can be id or bare vector, is malformed")
}

// vectorAsInput reads the current oneof, or the older flat fields.
func vectorAsInput(v *qdrant.Vector) (*qdrant.VectorInput, error) {
	switch o := v.GetVector().(type) {
	case *qdrant.Vector_Dense:
		return &qdrant.VectorInput{Variant: &qdrant.VectorInput_Dense{Dense: o.Dense}}, nil
	case *qdrant.Vector_Sparse:
		return &qdrant.VectorInput{Variant: &qdrant.VectorInput_Sparse{Sparse: o.Sparse}}, nil
	case *qdrant.Vector_MultiDense:
		return nil, malformed("MultiDense vector is not supported in search request")
	case nil:
	default:
		return nil, unsupported("inference")
	}
	data := v.GetData() //nolint:staticcheck // older clients still send it
	switch {
	case v.VectorsCount != nil: //nolint:staticcheck // as above
		return nil, malformed("MultiDense vector is not supported in search request")
	case v.GetIndices() != nil: //nolint:staticcheck // as above
		return qdrant.NewVectorInputSparse(v.GetIndices().GetData(), data), nil //nolint:staticcheck // as above
	}
	return &qdrant.VectorInput{Variant: &qdrant.VectorInput_Dense{Dense: &qdrant.DenseVector{Data: data}}}, nil
}

// queriesOf are the universal queries that a read amounts to, each with the
// collection it goes to. Nil for other messages and for malformed ones.
func queriesOf(msg proto.Message) []*qdrant.QueryPoints {
	switch m := msg.(type) {
	case *qdrant.QueryPoints:
		return []*qdrant.QueryPoints{m}
	case *qdrant.QueryBatchPoints:
		return inCollection(m.GetCollectionName(), m.GetQueryPoints(), func(q *qdrant.QueryPoints) (*qdrant.QueryPoints, error) {
			return proto.CloneOf(q), nil
		})
	case *qdrant.QueryPointGroups:
		return []*qdrant.QueryPoints{queryOfGroups(m)}
	case *qdrant.SearchPoints:
		return inCollection(m.GetCollectionName(), []*qdrant.SearchPoints{m}, searchAsQuery)
	case *qdrant.SearchBatchPoints:
		return inCollection(m.GetCollectionName(), m.GetSearchPoints(), searchAsQuery)
	case *qdrant.SearchPointGroups:
		return inCollection(m.GetCollectionName(), []*qdrant.SearchPointGroups{m}, searchGroupsAsQuery)
	}
	return olderQueriesOf(msg)
}

func olderQueriesOf(msg proto.Message) []*qdrant.QueryPoints {
	switch m := msg.(type) {
	case *qdrant.RecommendPoints:
		return inCollection(m.GetCollectionName(), []*qdrant.RecommendPoints{m}, recommendAsQuery)
	case *qdrant.RecommendBatchPoints:
		return inCollection(m.GetCollectionName(), m.GetRecommendPoints(), recommendAsQuery)
	case *qdrant.RecommendPointGroups:
		return inCollection(m.GetCollectionName(), []*qdrant.RecommendPointGroups{m}, recommendGroupsAsQuery)
	case *qdrant.DiscoverPoints:
		return inCollection(m.GetCollectionName(), []*qdrant.DiscoverPoints{m}, discoverAsQuery)
	case *qdrant.DiscoverBatchPoints:
		return inCollection(m.GetCollectionName(), m.GetDiscoverPoints(), discoverAsQuery)
	}
	return nil
}

// inCollection translates the items of a batch: they all go to the outer
// collection, whatever each of them names.
func inCollection[T any](name string, items []T, translate func(T) (*qdrant.QueryPoints, error)) []*qdrant.QueryPoints {
	var out []*qdrant.QueryPoints
	for _, item := range items {
		q, err := translate(item)
		if err != nil {
			return nil
		}
		q.CollectionName = name
		out = append(out, q)
	}
	return out
}
