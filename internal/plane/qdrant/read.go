package qdrant

import (
	"context"
	"maps"
	"slices"
	"sync"

	pb "github.com/qdrant/go-client/qdrant"
	"golang.org/x/sync/errgroup"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

const (
	// readers bounds the collections that are read at once.
	readers = 8
	// pageSize of records: all of a plane with thousands of tenants come in one answer of a few megabytes.
	pageSize = 10000
)

// needs are the parts of a server that a question is about.
type needs struct {
	collections []string
	tenantID    string   // "" for no claim
	owners      []string // of grants
}

// list names the collections of the server.
func (s *Server) list(ctx context.Context) ([]string, error) {
	r, err := s.calls.collections.List(ctx, &pb.ListCollectionsRequest{})
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(r.GetCollections()))
	for _, c := range r.GetCollections() {
		out = append(out, c.GetName())
	}
	return out, nil
}

func countDedicated(names []string) int {
	n := 0
	for _, name := range names {
		if vector.IsDedicated(name) {
			n++
		}
	}
	return n
}

// collections reads those of the named ones that stand, at most readers at a time.
func (s *Server) collections(ctx context.Context, names []string) (map[string]vector.Collection, error) {
	out := make(map[string]vector.Collection, len(names))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for _, name := range names {
		g.Go(func() error {
			r, err := s.calls.collections.Get(ctx, &pb.GetCollectionInfoRequest{CollectionName: name})
			if missing(err) {
				return nil
			}
			if err != nil {
				return s.fault(err, "read collection %s", name)
			}
			mu.Lock()
			defer mu.Unlock()
			out[name] = collectionOf(name, r.GetResult())
			return nil
		})
	}
	return out, g.Wait()
}

// records reads all points of one of our collections that match, page by page. A collection that does not stand has none.
func (s *Server) records(ctx context.Context, collection string, f *pb.Filter, each func(*pb.RetrievedPoint)) error {
	var offset *pb.PointId
	for {
		r, err := s.calls.points.Scroll(ctx, &pb.ScrollPoints{
			CollectionName: collection, Filter: f, Offset: offset, Limit: &s.page, WithPayload: pb.NewWithPayload(true),
		})
		if missing(err) {
			return nil
		}
		if err != nil {
			return s.fault(err, "read %s", collection)
		}
		for _, p := range r.GetResult() {
			each(p)
		}
		if offset = r.GetNextPageOffset(); offset == nil {
			return nil
		}
	}
}

// claims reads every claim.
func (s *Server) claims(ctx context.Context) (map[string]boundary.Claim, error) {
	out := map[string]boundary.Claim{}
	err := s.records(ctx, vector.ClaimsCollection, nil, func(p *pb.RetrievedPoint) {
		if p.GetPayload()[fieldKind].GetStringValue() == kindTenant {
			c := claimOf(p.GetPayload())
			out[c.TenantID] = c
		}
	})
	return out, err
}

// claim reads one claim, nil where none stands.
func (s *Server) claim(ctx context.Context, tenantID string) (*boundary.Claim, error) {
	p, err := s.point(ctx, vector.ClaimsCollection, claimID(tenantID))
	if err != nil || p == nil {
		return nil, s.fault(err, "read the claim on tenantID %s", tenantID)
	}
	c := claimOf(p.GetPayload())
	return &c, nil
}

// grants reads the grant records of the owners, of everybody where none is named.
func (s *Server) grants(ctx context.Context, owners ...string) (map[string][]vector.Record, error) {
	var f *pb.Filter
	if len(owners) > 0 {
		f = &pb.Filter{Must: []*pb.Condition{pb.NewMatchKeywords(fieldOwner, owners...)}}
	}
	out := map[string][]vector.Record{}
	err := s.records(ctx, vector.TokensCollection, f, func(p *pb.RetrievedPoint) {
		r := grantOf(p.GetId(), p.GetPayload())
		out[r.Owner] = append(out[r.Owner], r)
	})
	return out, err
}

// aliases reads all aliases of the server.
func (s *Server) aliases(ctx context.Context) (map[string]string, error) {
	r, err := s.calls.collections.ListAliases(ctx, &pb.ListAliasesRequest{})
	if err != nil {
		return nil, s.fault(err, "list aliases")
	}
	out := make(map[string]string, len(r.GetAliases()))
	for _, a := range r.GetAliases() {
		out[a.GetAliasName()] = a.GetCollectionName()
	}
	return out, nil
}

// relevant keeps the names, of collections and aliases, that can concern this plane.
func (s *Server) relevant(names []string, aliases map[string]string) []string {
	names = slices.Concat(names, slices.Collect(maps.Keys(aliases)))
	return slices.DeleteFunc(names, func(n string) bool { return !s.judge.Relevant(n) })
}

// readAll reads everything that can concern this plane. What belongs to somebody is read before what says so, grants and
// collections before claims: then nothing that is being built looks as if it belonged to nobody.
func (s *Server) readAll(ctx context.Context) (*vector.Observed, error) {
	grants, err := s.grants(ctx)
	if err != nil {
		return nil, err
	}
	f, names, err := s.examine(ctx)
	if err != nil {
		return nil, err
	}
	o := &vector.Observed{
		Version: f.version, Open: f.open, ShortKey: len(s.cfg.APIKey.Reveal()) < vector.MinKeyLength, Tokens: f.tokens,
		Dedicated: countDedicated(names), Grants: grants,
	}
	if o.Aliases, err = s.aliases(ctx); err != nil {
		return nil, err
	}
	if o.Collections, err = s.collections(ctx, s.relevant(names, o.Aliases)); err != nil {
		return nil, err
	}
	o.Rounds = s.goRounds(ctx, slices.DeleteFunc(names, func(n string) bool { return !s.judge.Relevant(n) }), o)
	if o.Points, err = s.points(ctx, o); err != nil {
		return nil, err
	}
	o.Claims, err = s.claims(ctx)
	return o, err
}

// readParts reads what a question needs, all at once.
func (s *Server) readParts(ctx context.Context, n needs) (vector.Observed, error) {
	o := vector.Observed{Claims: map[string]boundary.Claim{}, Grants: map[string][]vector.Record{}}
	g, together := errgroup.WithContext(ctx)
	g.Go(func() (err error) { o.Aliases, err = s.aliases(together); return err })
	g.Go(func() (err error) { o.Collections, err = s.collections(together, n.collections); return err })
	if n.tenantID != "" {
		g.Go(func() error {
			c, err := s.claim(together, n.tenantID)
			if c != nil {
				o.Claims[n.tenantID] = *c
			}
			return err
		})
	}
	if len(n.owners) > 0 {
		g.Go(func() (err error) { o.Grants, err = s.grants(together, n.owners...); return err })
	}
	if err := g.Wait(); err != nil {
		return o, err
	}
	return s.countWhereMissing(ctx, n, o)
}

// countWhereMissing counts the dedicated collections only where one may have to be made.
func (s *Server) countWhereMissing(ctx context.Context, n needs, o vector.Observed) (vector.Observed, error) {
	for _, name := range n.collections {
		if _, ok := o.Collections[name]; !ok && vector.IsDedicated(name) {
			names, err := s.list(ctx)
			o.Dedicated = countDedicated(names)
			return o, s.fault(err, "list collections")
		}
	}
	return o, nil
}
