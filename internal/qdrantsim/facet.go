package qdrantsim

import (
	"cmp"
	"context"
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// Facet counts points per value of an indexed key, the most frequent first.
// A point counts once for a value however often it holds it.
func (v pointsService) Facet(ctx context.Context, r *qdrant.FacetCounts) (*qdrant.FacetResponse, error) {
	path, err := parsePath(r.GetKey())
	if err != nil {
		return nil, err
	}
	f, err := compileFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	limit := uint64(defaultLimit)
	if r.Limit != nil {
		limit = r.GetLimit()
	}
	out := &qdrant.FacetResponse{}
	err = v.s.view(ctx, r.GetCollectionName(), needRead, func(c *collection) error {
		if err := c.checkRead(f, &limit); err != nil {
			return err
		}
		hits, err := c.facet(path, f)
		out.Hits = hits[:min(uint64(len(hits)), limit)]
		return err
	})
	return answer(out, err)
}

func (c *collection) facet(path jsonPath, f *filter) ([]*qdrant.FacetHit, error) {
	index := c.indexes[path.String()]
	if index == nil || !index.hasMap() {
		return nil, badInput("No appropriate index for faceting: `%s`. Please create one to facet on this field. "+
			"Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Match conditions", path)
	}
	counts := map[any]uint64{}
	for _, id := range c.matching(f) {
		distinct := map[any]bool{}
		for _, value := range index.scalars(c.points[id].payload) {
			if index.holds(value) {
				distinct[index.facetKey(value)] = true
			}
		}
		for k := range distinct {
			counts[k]++
		}
	}
	return sortedHits(counts), nil
}

// hasMap says whether the index can list its values.
func (x *fieldIndex) hasMap() bool {
	switch x.kind {
	case qdrant.PayloadSchemaType_Keyword, qdrant.PayloadSchemaType_Bool, qdrant.PayloadSchemaType_Uuid:
		return true
	case qdrant.PayloadSchemaType_Integer:
		return slices.Contains(x.integerUses(), useIntegerMatch)
	}
	return false
}

// facetKey is a value as the index knows it: a uuid in canonical form.
func (x *fieldIndex) facetKey(v *qdrant.Value) any {
	switch k := v.GetKind().(type) {
	case *qdrant.Value_StringValue:
		if u, err := parseUUID(k.StringValue); err == nil && x.kind == qdrant.PayloadSchemaType_Uuid {
			return u.String()
		}
		return k.StringValue
	case *qdrant.Value_BoolValue:
		return k.BoolValue
	}
	i, _ := wholeNumber(v)
	return i
}

func sortedHits(counts map[any]uint64) []*qdrant.FacetHit {
	hits := make([]*qdrant.FacetHit, 0, len(counts))
	for k, n := range counts {
		hits = append(hits, &qdrant.FacetHit{Value: facetValue(k), Count: n})
	}
	slices.SortFunc(hits, func(a, b *qdrant.FacetHit) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), compareFacets(a.Value, b.Value))
	})
	return hits
}

func facetValue(k any) *qdrant.FacetValue {
	switch k := k.(type) {
	case string:
		return &qdrant.FacetValue{Variant: &qdrant.FacetValue_StringValue{StringValue: k}}
	case int64:
		return &qdrant.FacetValue{Variant: &qdrant.FacetValue_IntegerValue{IntegerValue: k}}
	case bool:
		return &qdrant.FacetValue{Variant: &qdrant.FacetValue_BoolValue{BoolValue: k}}
	}
	return &qdrant.FacetValue{}
}

func compareFacets(a, b *qdrant.FacetValue) int {
	return cmp.Or(
		cmp.Compare(a.GetStringValue(), b.GetStringValue()),
		cmp.Compare(a.GetIntegerValue(), b.GetIntegerValue()),
		map[bool]int{true: 1}[a.GetBoolValue()]-map[bool]int{true: 1}[b.GetBoolValue()],
	)
}
