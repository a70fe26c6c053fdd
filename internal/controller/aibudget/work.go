package aibudget

import (
	"context"
	"time"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/plane"
)

// layerTimeout bounds the work on one AIBudget: a server that hangs blocks no other for long.
const layerTimeout = 60 * time.Second

// work brings the tenant's limits in the ledger to the desired state, and reads where the tenant stands.
func (r *Reconciler) work(ctx context.Context, s *scope) {
	ctx, cancel := context.WithTimeout(ctx, layerTimeout)
	defer cancel()
	server, err := s.plane.BudgetServer()
	switch {
	case err != nil:
		s.err = err
	case server == nil:
		s.err = plane.Faultf(plane.Unreachable, nil, "the PostgreSQL of DataPlane %q has not been opened yet", s.dp.Name)
	default:
		s.err = r.converge(ctx, s, server)
	}
	s.failingFor = r.memory.note(s.name(), s.err != nil, r.Clock.Now())
}

func (r *Reconciler) converge(ctx context.Context, s *scope, server plane.BudgetServer) error {
	if err := s.look(ctx, server, plane.Recent); err != nil || s.rival != nil || s.diff.Settled() {
		return err
	}
	// What is written is decided on what stands now: in the meantime another AIBudget may have come first.
	if err := s.look(ctx, server, plane.Fresh); err != nil || s.rival != nil || s.diff.Settled() || s.reportOnly() {
		return err
	}
	changes := s.diff.Plan
	if err := server.Apply(ctx, changes); err != nil {
		return err
	}
	r.Metrics.Applied(changes)
	return s.look(ctx, server, plane.Fresh)
}

// look reads where the tenant stands, whose AIBudget is in force, and what differs if that is this one.
func (s *scope) look(ctx context.Context, server plane.BudgetServer, f plane.Freshness) (err error) {
	if s.usage, err = server.BudgetUsage(ctx, s.desired.TenantID, f); err != nil {
		return err
	}
	if s.rival = rival(s.budget, s.others, holder(s.usage)); s.rival != nil {
		return nil
	}
	s.diff, err = server.DiffBudget(ctx, s.desired, f)
	return err
}

func holder(u *budget.Usage) string {
	if u == nil {
		return ""
	}
	return u.UID
}

// reportOnly says that what differs is drift, to be reported and left alone: these limits stood as they are specified now.
// While the server was away nobody knows; then the spec counts, which may have changed meanwhile.
func (s *scope) reportOnly() bool {
	if s.tenant.EffectiveDrift(s.dp) != tenantryv1.DriftReport {
		return false
	}
	c := condition.Get(s.budget, tenantryv1.ConditionEnforced)
	if c == nil || c.ObservedGeneration != s.budget.Generation {
		return false
	}
	return c.Reason == tenantryv1.ReasonEnforced || c.Reason == tenantryv1.ReasonDrifted
}
