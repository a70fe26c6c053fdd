package qdrant

import (
	"context"
	"fmt"
	"slices"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

var _ plane.Prober = (*Server)(nil)

const (
	// probeTimeout bounds one tenant's probe.
	probeTimeout = 15 * time.Second
	// probedOthers at most: collections of other tenants that one round tries.
	probedOthers = 3
	// trialClosed is the attempt of a tenant whose access is closed.
	trialClosed = "uses its token although its access is closed"
)

// Probe presents the tenant's token: it must open the tenant's collections and nothing else. Nothing is written. A tenant
// without dedicated collections has no token, and is tried at the gateway instead.
func (s *Server) Probe(ctx context.Context, subject trial.Subject) ([]trial.Attempt, error) {
	token, ok := subject.Tenant.Credentials[boundary.Vector]
	grants := vector.AccessList(subject.Tenant)
	if !ok || len(grants) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if _, err := s.calls.root.HealthCheck(ctx, &pb.HealthCheckRequest{}); err != nil {
		return nil, s.fault(err, "probe with a tenant's token")
	}
	p := &probe{server: s, sheet: trial.NewSheet(boundary.Vector), ctx: presenting(ctx, token.Secret), own: grants}
	own := grants[subject.Turn%len(grants)].Collection
	if subject.Tenant.Access != boundary.Open {
		p.sheet.Control("the server answers").Held()
		p.sheet.Negative(trialClosed, boundary.Critical).Closed = true
		p.refused(trialClosed, own, p.read(own))
		return p.sheet.Attempts(), nil
	}
	p.reads(own)
	p.lists()
	for _, name := range p.others(subject) {
		p.refused("reads collections of other tenants", name, p.read(name))
	}
	for _, c := range s.cfg.Spec.Shared {
		p.refused("reads shared collections past the gateway", c.Name, p.read(c.Name))
	}
	for _, name := range []string{vector.ClaimsCollection, vector.TokensCollection} {
		p.refused("reads the records of Tenantry", name, p.read(name))
	}
	_, err := s.calls.collections.Delete(context.WithValue(p.ctx, harmlessKey{}, true), &pb.DeleteCollection{CollectionName: nowhere})
	p.refused("deletes collections", nowhere, err)
	return p.sheet.Attempts(), nil
}

// probe is one tenant's attempts.
type probe struct {
	server *Server
	sheet  *trial.Sheet
	ctx    context.Context // it carries the credential of every attempt
	own    []vector.Grant
}

func (p *probe) read(collection string) error {
	_, err := p.server.calls.points.Count(p.ctx, &pb.CountPoints{CollectionName: collection, Exact: pb.PtrOf(false)})
	return err
}

// reads is the positive control.
func (p *probe) reads(own string) {
	a := p.sheet.Control("reads its own collections")
	if err := p.read(own); err != nil {
		a.Unproven(fmt.Sprintf("%s answered %s", own, status.Code(err)))
		return
	}
	a.Held()
}

func (p *probe) lists() {
	a := p.sheet.Negative("lists collections of others", boundary.Critical)
	r, err := p.server.calls.collections.List(p.ctx, &pb.ListCollectionsRequest{})
	if err != nil {
		a.Unproven("the server answered " + status.Code(err).String())
		return
	}
	for _, c := range r.GetCollections() {
		if !slices.ContainsFunc(p.own, func(g vector.Grant) bool { return g.Collection == c.GetName() }) {
			a.Crossed("it lists "+c.GetName(), tokenRemedy)
			return
		}
	}
	a.Held()
}

const tokenRemedy = "The token opens more than was granted, or the server does not check tokens: delete the tenant's Secret to revoke it, and " +
	"look at the server's api_key and jwt_rbac"

// refused judges an attempt that the server must not allow. A collection that is not there must not be told apart either:
// whoever may ask for any name gets "not found".
func (p *probe) refused(words, collection string, err error) {
	a := p.sheet.Negative(words, boundary.Critical)
	switch code := status.Code(err); code {
	case codes.PermissionDenied, codes.Unauthenticated:
		a.Held()
	case codes.OK, codes.NotFound:
		a.Crossed("the server lets it at "+collection, tokenRemedy)
	default:
		a.Unproven(fmt.Sprintf("%s answered %s", collection, code))
	}
}

// others are collections that the token must not open, by turns, and one that nobody has.
func (p *probe) others(subject trial.Subject) []string {
	out := []string{nowhere}
	for _, t := range subject.Others {
		for _, c := range t.Corpora {
			if c.Pattern == boundary.Dedicated && !slices.ContainsFunc(p.own, func(g vector.Grant) bool { return g.Collection == c.Collection }) {
				out = append(out, c.Collection)
			}
		}
	}
	return out[:min(len(out), 1+probedOthers)]
}
