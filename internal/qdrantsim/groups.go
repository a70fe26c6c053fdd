package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// Defaults of a grouped query.
const (
	defaultGroups    = 10
	defaultGroupSize = 3
)

// grouping is a grouped read: a query, and what its hits are grouped by.
type grouping struct {
	method string
	query  *universalQuery
	name   string // the queried collection
	by     jsonPath
	size   uint64 // hits in a group
	groups uint64
	lookup *groupLookup
	strict func(*grouping, *collection) error
}

// groupLookup fetches one point per group, by the group's value as its id and
// with no filter at all.
type groupLookup struct {
	collection string
	shown      shown
}

// QueryGroups groups the hits of a universal query.
func (v pointsService) QueryGroups(ctx context.Context, r *qdrant.QueryPointGroups) (*qdrant.QueryGroupsResponse, error) {
	size, groups := uint64(defaultGroupSize), uint64(defaultGroups)
	if r.GroupSize != nil {
		size = r.GetGroupSize()
	}
	if r.Limit != nil {
		groups = r.GetLimit()
	}
	g := &grouping{method: "/qdrant.Points/QueryGroups", size: size, groups: groups, strict: (*grouping).checkQuery}
	result, err := v.s.group(ctx, g, queryOfGroups(r), r.GetGroupBy(), r.GetWithLookup())
	return answer(&qdrant.QueryGroupsResponse{Result: result}, err)
}

// SearchGroups groups the hits of a search.
func (v pointsService) SearchGroups(ctx context.Context, r *qdrant.SearchPointGroups) (*qdrant.SearchGroupsResponse, error) {
	q, err := searchGroupsAsQuery(r)
	if err != nil {
		return nil, err
	}
	g := &grouping{
		method: "/qdrant.Points/SearchGroups", size: uint64(r.GetGroupSize()), groups: uint64(r.GetLimit()), strict: (*grouping).checkSearch,
	}
	result, err := v.s.group(ctx, g, q, r.GetGroupBy(), r.GetWithLookup())
	return answer(&qdrant.SearchGroupsResponse{Result: result}, err)
}

// RecommendGroups groups the hits of a recommendation.
func (v pointsService) RecommendGroups(ctx context.Context, r *qdrant.RecommendPointGroups) (*qdrant.RecommendGroupsResponse, error) {
	q, err := recommendGroupsAsQuery(r)
	if err != nil {
		return nil, err
	}
	g := &grouping{
		method: "/qdrant.Points/RecommendGroups", size: uint64(r.GetGroupSize()), groups: uint64(r.GetLimit()), strict: (*grouping).checkPlain,
	}
	result, err := v.s.group(ctx, g, q, r.GetGroupBy(), r.GetWithLookup())
	return answer(&qdrant.RecommendGroupsResponse{Result: result}, err)
}

// queryOfGroups is the query whose hits are grouped.
func queryOfGroups(r *qdrant.QueryPointGroups) *qdrant.QueryPoints {
	return &qdrant.QueryPoints{
		CollectionName: r.GetCollectionName(), Prefetch: r.GetPrefetch(), Query: r.GetQuery(), Using: r.Using, Filter: r.GetFilter(),
		Params: r.GetParams(), ScoreThreshold: r.ScoreThreshold, LookupFrom: r.GetLookupFrom(),
		WithPayload: r.GetWithPayload(), WithVectors: r.GetWithVectors(),
	}
}

// group works in two phases, as the server does: it finds the groups' ids, then
// fetches what is shown of them, and of the points looked up, by id alone.
func (s *Server) group(ctx context.Context, g *grouping, q *qdrant.QueryPoints, by string, lookup *qdrant.WithLookup) (*qdrant.GroupsResult, error) {
	if err := g.parse(q, by, lookup); err != nil {
		return nil, err
	}
	var found []foundGroup
	err := s.view(ctx, g.name, needRead, func(c *collection) error {
		if err := g.strict(g, c); err != nil {
			return err
		}
		if err := g.checkLookups(ctx); err != nil {
			return err
		}
		var err error
		found, err = s.store.collectGroups(c, g)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.betweenPhases(g.method)
	out := &qdrant.GroupsResult{}
	err = s.view(ctx, g.name, needRead, func(c *collection) error {
		for _, f := range found {
			out.Groups = append(out.Groups, f.shown(c, g.query.shown))
		}
		return s.lookUpGroups(ctx, g.lookup, found, out.GetGroups())
	})
	return answer(out, err)
}

func (g *grouping) parse(q *qdrant.QueryPoints, by string, lookup *qdrant.WithLookup) (err error) {
	g.name = q.GetCollectionName()
	if g.query, err = parseQuery(q); err != nil {
		return err
	}
	if g.by, err = parsePath(by); err != nil || lookup == nil {
		return err
	}
	g.lookup = &groupLookup{collection: lookup.GetCollection()}
	g.lookup.shown, err = parseShown(lookup.GetWithPayload(), true, lookup.GetWithVectors())
	return err
}

// checkLookups: any access at all to the other collections is enough.
func (g *grouping) checkLookups(ctx context.Context) error {
	if err := g.query.checkLookups(ctx); err != nil || g.lookup == nil {
		return err
	}
	return accessOf(ctx).collection(g.lookup.collection, needRead)
}

// checkQuery is strict mode for a grouped universal query; its prefetches are
// not looked at.
func (g *grouping) checkQuery(c *collection) error {
	if c.strict() == nil {
		return nil
	}
	if err := g.query.checkOwn(c, true); err != nil {
		return err
	}
	return g.checkSearch(c)
}

// checkSearch is strict mode for a grouped search.
func (g *grouping) checkSearch(c *collection) error {
	if err := c.checkGrouping(g.by); err != nil {
		return err
	}
	return g.checkPlain(c)
}

// checkPlain is what strict mode says of every grouped read, and all it says of
// a grouped recommendation.
func (g *grouping) checkPlain(c *collection) error {
	limit := g.groups * g.size
	if err := c.checkRead(g.query.filter, &limit); err != nil {
		return err
	}
	return c.checkSearchParams(g.query.params)
}

// lookUpGroups puts to each group the point whose id its value is.
func (s *Server) lookUpGroups(ctx context.Context, l *groupLookup, found []foundGroup, groups []*qdrant.PointGroup) error {
	if l == nil {
		return nil
	}
	c, err := s.store.resolve(l.collection)
	if err != nil {
		return notFound("Collection %s not found", l.collection)
	}
	for i, f := range found {
		id, ok := f.key.pointID()
		if !ok {
			continue
		}
		touched(ctx, c, []pointID{id})
		// Another spelling of a UUID finds the point, which then fits no group.
		if p, ok := c.points[id]; ok && (f.key.number || id.String() == f.key.text) {
			groups[i].Lookup = l.shown.retrieved(p)
		}
	}
	return nil
}
