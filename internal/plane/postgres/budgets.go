package postgres

import (
	"context"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/plane"
)

// DiffBudget compares the limits of one tenant. Nothing is written for a tenant whose id is not claimed: see the message of
// the Fault that Apply returns then.
func (s *Server) DiffBudget(ctx context.Context, want budget.Budget, f plane.Freshness) (boundary.Diff, error) {
	state, err := s.budgetTenantPart(ctx, want.TenantID, f)
	if err != nil {
		return boundary.Diff{}, err
	}
	diff, err := budget.DiffTenant(want, state)
	if err != nil {
		return boundary.Diff{}, plane.Faultf(plane.InvalidSpec, err, "%v", err)
	}
	return diff, nil
}

// DiffCounters compares the counters of all tenants with the ledger, in one round trip. It reads the ledger of every running
// period: ask seldom.
func (s *Server) DiffCounters(ctx context.Context) (boundary.Diff, error) {
	var all []budget.Counters
	r := s.newReading("counters")
	ask(r, "budget_counters", &all)
	if err := r.run(ctx); err != nil {
		return boundary.Diff{}, err
	}
	return budget.DiffCounters(all), nil
}

// BudgetUsage says where a tenant stands, nil where no AIBudget's limits are in force.
func (s *Server) BudgetUsage(ctx context.Context, tenantID string, f plane.Freshness) (*budget.Usage, error) {
	state, err := s.budgetTenantPart(ctx, tenantID, f)
	if err != nil || state == nil {
		return nil, err
	}
	usage, ok := budget.UsageOf(*state)
	if !ok {
		return nil, nil
	}
	return &usage, nil
}

const (
	// sweepBatch is how many tenants are swept in one transaction, whose rows it holds until its end. It ends earlier after
	// five thousand reservations.
	sweepBatch = 50
	// sweepLook is how many reservations of one tenant end in one look: see budget_sweep.sql.
	sweepLook = 1000
	// sweepRounds bounds one sweep, in transactions. What is left is due the next time.
	sweepRounds = 400
)

// SweepBudgets ends reservations that have expired, begins periods for tenants that made no call since the last one ended,
// and notes where use stands. A tenant whose row somebody holds is left for the next time, so that nobody is waited for. With
// Recent nothing is asked while the snapshot shows nothing that is due.
func (s *Server) SweepBudgets(ctx context.Context, f plane.Freshness) (budget.Swept, error) {
	if f == plane.Recent {
		if err := s.wholeBudgets(ctx); err != nil {
			return budget.Swept{}, err
		}
		if !s.budgets.someTenant(budget.TenantState.Due) {
			return budget.Swept{}, nil
		}
	}
	return s.sweepBudgets(ctx)
}

func (s *Server) sweepBudgets(ctx context.Context) (budget.Swept, error) {
	m, err := s.marker(ctx)
	if err != nil {
		return budget.Swept{}, err
	}
	if err := s.ours(m); err != nil {
		return budget.Swept{}, err
	}
	total, failed, err := s.sweepPasses(ctx)
	if err != nil {
		return total, err
	}
	if err := s.call(ctx, "mark budgets", "SELECT tenantry.budget_mark()"); err != nil {
		return total, err
	}
	s.budgets.forgetAll()
	if len(failed) > 0 {
		return total, plane.Faultf(plane.ApplyFailed, nil, "PostgreSQL, %s: the ledger of %d tenants could not be swept: %s", s.where, len(failed), strings.Join(failed, "; "))
	}
	return total, nil
}

// sweepPasses goes over all tenants that are due, in the order of their ids, and again while some have more to end than one
// look ends: who has much keeps nobody else waiting. failed are those of the last pass.
func (s *Server) sweepPasses(ctx context.Context) (total budget.Swept, failed []string, err error) {
	after, expired := "", 0
	for range sweepRounds {
		got, err := s.sweepSome(ctx, after)
		if err != nil {
			return total, failed, err
		}
		total.Tenants += got.tenants
		total.Expired += got.expired
		failed, expired = append(failed, got.failed...), expired+got.expired
		switch {
		case got.next != nil:
			after = *got.next
		case expired < sweepLook: // nobody can have more
			return total, failed, nil
		default:
			after, expired, failed = "", 0, nil
		}
	}
	return total, failed, nil
}

// sweptSome is what one transaction did. next is the tenant to go on after, nil at the end.
type sweptSome struct {
	tenants, expired int
	failed           []string
	next             *string
}

func (s *Server) sweepSome(ctx context.Context, after string) (out sweptSome, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s.config.Trace("write", "sweep budgets")
	row := s.pool.QueryRow(ctx, "SELECT s.tenants, s.expired, s.failed, s.next_after FROM tenantry.budget_sweep_due($1, $2) s", after, sweepBatch)
	if err := row.Scan(&out.tenants, &out.expired, &out.failed, &out.next); err != nil {
		return out, s.fault(err, "sweep budgets")
	}
	return out, nil
}

func (s *Server) call(ctx context.Context, name, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s.config.Trace("write", name)
	if _, err := s.pool.Exec(ctx, statement); err != nil {
		return s.fault(err, name)
	}
	return nil
}

func (s *Server) budgetPlanePart(ctx context.Context, f plane.Freshness) (budget.PlaneState, error) {
	if f == plane.Recent {
		if err := s.wholeBudgets(ctx); err != nil {
			return budget.PlaneState{}, err
		}
		if state, ok := s.budgets.planeState(); ok {
			return state, nil
		}
	}
	begun := s.budgets.begin()
	var found []budget.PlaneState
	r := s.newReading("budgets of the plane")
	ask(r, "budget_plane", &found)
	if err := r.run(ctx); err != nil {
		return budget.PlaneState{}, err
	}
	s.budgets.storePlane(first(found), begun)
	return first(found), nil
}

// budgetTenantPart is nil where the tenant has no row.
func (s *Server) budgetTenantPart(ctx context.Context, id string, f plane.Freshness) (*budget.TenantState, error) {
	if f == plane.Recent {
		if err := s.wholeBudgets(ctx); err != nil {
			return nil, err
		}
		if state, ok := s.budgets.tenantState(id); ok {
			return present(state), nil
		}
	}
	begun := s.budgets.begin()
	var found []budget.TenantState
	r := s.newReading("budget")
	ask(r, "budget_tenants", &found, []string{id})
	if err := r.run(ctx); err != nil {
		return nil, err
	}
	s.budgets.storeTenant(id, first(found), begun)
	return present(first(found)), nil
}

func present(state budget.TenantState) *budget.TenantState {
	if state.TenantID == "" {
		return nil
	}
	return &state
}

// wholeBudgets sees to it that there is a snapshot of all budgets that is young enough: one round trip.
func (s *Server) wholeBudgets(ctx context.Context) error {
	if err := s.budgets.whole(ctx, s.readBudgets); err != nil {
		return s.fault(err, "wait for a snapshot of budgets")
	}
	return nil
}

func (s *Server) readBudgets(ctx context.Context) (budget.PlaneState, map[string]budget.TenantState, error) {
	var planes []budget.PlaneState
	var tenants []budget.TenantState
	r := s.newReading("budgets")
	ask(r, "budget_plane", &planes)
	ask(r, "budget_tenants", &tenants, []string(nil))
	err := r.run(ctx)
	byID := make(map[string]budget.TenantState, len(tenants))
	for _, t := range tenants {
		byID[t.TenantID] = t
	}
	return first(planes), byID, err
}
