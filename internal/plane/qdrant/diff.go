package qdrant

import (
	"context"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

// DiffPlane compares the collections of the plane itself and the shared ones.
func (s *Server) DiffPlane(ctx context.Context, f plane.Freshness) (boundary.Diff, error) {
	o, err := s.observePlane(ctx, f)
	if err != nil {
		return boundary.Diff{}, err
	}
	d, p := s.judge.DiffPlane(o, s.cfg.Clock.Now())
	return d, problem(p)
}

// DiffTenant compares a tenant's claim, dedicated collections and tokens.
func (s *Server) DiffTenant(ctx context.Context, t boundary.Tenant, f plane.Freshness) (boundary.Diff, error) {
	n := needs{collections: s.judge.NeedsOf(t), tenantID: t.ID, owners: []string{t.UID}}
	o, err := s.observe(ctx, n, f)
	if err != nil {
		return boundary.Diff{}, err
	}
	credential := t.Credentials[boundary.Vector]
	d, p := s.judge.DiffTenant(t, s.inspect(&credential), o, s.cfg.Clock.Now())
	return d, problem(p)
}

// DiffCorpus compares the collection of one corpus and, for a reference, its loader's token.
func (s *Server) DiffCorpus(ctx context.Context, c boundary.Corpus, loader *boundary.Credential, f plane.Freshness) (boundary.Diff, error) {
	n := needs{collections: []string{c.Collection}, tenantID: c.TenantID, owners: []string{c.UID}}
	if c.TenantUID != "" {
		n.owners = append(n.owners, c.TenantUID)
	}
	o, err := s.observe(ctx, n, f)
	if err != nil {
		return boundary.Diff{}, err
	}
	d, p := s.judge.DiffCorpus(c, loader, s.inspect(loader), o, s.cfg.Clock.Now())
	return d, problem(p)
}

// inspect says what a token says, nil where there is none or it is not one that this server would take.
func (s *Server) inspect(c *boundary.Credential) *vector.Claims {
	if c == nil || c.Secret == "" {
		return nil
	}
	claims, err := vector.Inspect(c.Secret, s.cfg.APIKey)
	if err != nil {
		return nil
	}
	return &claims
}
