package main

import (
	"context"
	"fmt"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"

	"github.com/tenantry/tenantry/hack/demo/data"
	"github.com/tenantry/tenantry/hack/demo/embed"
)

// sees is an attempt that the gateway answers, with nothing of anybody else's.
func (x trespass) sees(what, want string, call vectorCall) attempt {
	return vectorsAttempt(x.t.gateway(), what, call, func(got any, err error) (string, error) {
		if err != nil {
			return err.Error(), err
		}
		return fmt.Sprint(got), wants(want, fmt.Sprint(got))
	})
}

// reads of its own corpus that reach for the victim's points, which lie in the same collection.
func (x trespass) reads() []attempt {
	mine, source := allOf(x.t.name, x.mine), qdrant.NewMatch("source", x.victim.name)
	sought := qdrant.NewQuery(embed.Text(questions[x.victim.name].question)...)
	everything, many := qdrant.NewWithPayload(true), qdrant.PtrOf(uint64(1000))
	filtered := func(f *qdrant.Filter) vectorCall {
		return func(ctx context.Context, c *qdrant.Client) (any, error) {
			points, err := c.Scroll(ctx, &qdrant.ScrollPoints{
				CollectionName: x.corpus, Filter: f, Limit: qdrant.PtrOf(uint32(1000)), WithPayload: everything,
			})
			return described(points), err
		}
	}
	other := &qdrant.Filter{Should: []*qdrant.Condition{source, qdrant.NewFilterAsCondition(&qdrant.Filter{
		Should: []*qdrant.Condition{source, qdrant.NewHasID(x.taken...)},
	})}}
	theirs := &qdrant.Filter{Should: []*qdrant.Condition{qdrant.NewMatch("tenant_id", x.victim.name)}}
	nested := &qdrant.Filter{MustNot: []*qdrant.Condition{qdrant.NewFilterAsCondition(theirs)}}
	return []attempt{
		x.sees("count without a filter", fmt.Sprint(x.mine), count(x.corpus)),
		x.sees("scroll without a filter", mine, filtered(nil)),
		x.sees("query without a filter, for what "+x.victim.name+" has", mine, func(ctx context.Context, c *qdrant.Client) (any, error) {
			points, err := c.Query(ctx, &qdrant.QueryPoints{CollectionName: x.corpus, Query: sought, Limit: many, WithPayload: everything})
			return described(points), err
		}),
		x.sees("get every id of "+x.victim.name, "0 points", func(ctx context.Context, c *qdrant.Client) (any, error) {
			points, err := c.Get(ctx, &qdrant.GetPoints{CollectionName: x.corpus, Ids: x.taken, WithPayload: everything})
			return described(points), err
		}),
		x.sees("scroll where source or an id is "+x.victim.name+"'s", "0 points", filtered(other)),
		x.sees("facet on source", x.t.name+" "+fmt.Sprint(x.mine), facet(x.corpus, "source")),
		x.refused(codes.NotFound, "query by an id of "+x.victim.name,
			searching(&qdrant.QueryPoints{CollectionName: x.corpus, Query: qdrant.NewQueryID(x.taken[0])})),
		x.refused(codes.InvalidArgument, "facet on tenant_id", facet(x.corpus, "tenant_id")),
		x.refused(codes.InvalidArgument, "scroll should tenant_id = "+x.victim.name, filtered(theirs)),
		x.refused(codes.InvalidArgument, "scroll must_not that, one level deeper", filtered(nested)),
	}
}

// writes to the victim's ids and in the victim's name. The victim's points are as they were after each of them.
func (x trespass) writes() []attempt {
	stolen := points(x.victim.name, []data.Passage{{Title: "x", Body: "x"}})
	stolen[0].Id = x.taken[0]
	upsert := &qdrant.UpsertPoints{CollectionName: x.corpus, Wait: qdrant.PtrOf(true), Points: stolen}
	byID, own := qdrant.NewPointsSelector(x.taken...), qdrant.NewValueMap(map[string]any{"title": "x"})
	bySource := qdrant.NewPointsSelectorFilter(&qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatch("source", x.victim.name)}})
	foreign := qdrant.NewValueMap(map[string]any{"tenant_id": x.victim.name})
	remove := func(s *qdrant.PointsSelector) vectorCall {
		return func(ctx context.Context, c *qdrant.Client) (any, error) {
			return c.Delete(ctx, &qdrant.DeletePoints{CollectionName: x.corpus, Points: s, Wait: qdrant.PtrOf(true)})
		}
	}
	forged := points(x.t.name, []data.Passage{{Title: "x", Body: "x"}})
	forged[0].Payload["tenant_id"] = qdrant.NewValueString(x.victim.name)
	return []attempt{
		x.harmless("upsert an id of "+x.victim.name, func(ctx context.Context, c *qdrant.Client) (any, error) { return c.Upsert(ctx, upsert) }),
		x.harmless("overwrite the payload of every id of "+x.victim.name, func(ctx context.Context, c *qdrant.Client) (any, error) {
			return c.OverwritePayload(ctx, &qdrant.SetPayloadPoints{CollectionName: x.corpus, Payload: own, PointsSelector: byID, Wait: qdrant.PtrOf(true)})
		}),
		x.harmless("delete where source is "+x.victim.name, remove(bySource)),
		x.harmless("delete every id of "+x.victim.name, remove(byID)), // also its own point of the first attempt
		x.refused(codes.PermissionDenied, "upsert with tenant_id: "+x.victim.name, func(ctx context.Context, c *qdrant.Client) (any, error) {
			return c.Upsert(ctx, &qdrant.UpsertPoints{CollectionName: x.corpus, Points: forged})
		}),
		x.refused(codes.PermissionDenied, "set tenant_id: "+x.victim.name+" on its own points", func(ctx context.Context, c *qdrant.Client) (any, error) {
			return c.SetPayload(ctx, &qdrant.SetPayloadPoints{
				CollectionName: x.corpus, Payload: foreign, PointsSelector: qdrant.NewPointsSelectorFilter(&qdrant.Filter{}),
			})
		}),
	}
}

// harmless is a write in the tenant's own part, where the victim's points are not: done, or not found. What the victim reads
// of its own stays as it was.
func (x trespass) harmless(what string, call vectorCall) attempt {
	write := vectorsAttempt(x.t.gateway(), what, call, func(_ any, err error) (string, error) {
		if err == nil {
			return "done", nil
		}
		s := answerOf(err)
		return fmt.Sprintf("%s: %s", s.Code(), s.Message()), wants(codes.NotFound.String(), s.Code().String())
	})
	try := func(ctx context.Context) (string, error) {
		before, err := x.victimReads(ctx)
		if err != nil {
			return err.Error(), err
		}
		answer, err := write.try(ctx)
		if err != nil {
			return answer, err
		}
		after, err := x.victimReads(ctx)
		if err == nil && before != after {
			err = fmt.Errorf("%s reads other points than before", x.victim.name)
		}
		return answer + "; what " + x.victim.name + " reads is unchanged", err
	}
	return attempt{what: what, try: try}
}

// victimReads is everything that the victim has in the shared collection.
func (x trespass) victimReads(ctx context.Context) (string, error) {
	points, err := own(ctx, x.victim.gateway(), x.theirs)
	return fmt.Sprint(points), err
}

func facet(collection, key string) vectorCall {
	return func(ctx context.Context, c *qdrant.Client) (any, error) {
		hits, err := c.Facet(ctx, &qdrant.FacetCounts{CollectionName: collection, Key: key})
		text := ""
		for _, h := range hits {
			text += fmt.Sprintf("%s %d", h.GetValue().GetStringValue(), h.GetCount())
		}
		return text, err
	}
}
