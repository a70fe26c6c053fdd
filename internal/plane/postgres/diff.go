package postgres

import (
	"context"
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

// DiffPlane compares what the plane as a whole needs: first the boundaries of rows, then what budgets need. A schema that is
// to be migrated yet has no budgets; they follow with the next look.
func (s *Server) DiffPlane(ctx context.Context, f plane.Freshness) (boundary.Diff, error) {
	state, err := s.planePart(ctx, f)
	if err != nil {
		return boundary.Diff{}, err
	}
	diff := rows.DiffPlane(s.config.Spec, state)
	diff.Hazards = append(diff.Hazards, rows.CheckMarker(s.config.Marker, state.Marker)...)
	if state.Server.SchemaVersion < boundary.SchemaVersion {
		return diff, nil
	}
	for _, name := range []string{budgetCalendar, budgetNow} {
		if _, ok := state.Functions[name]; !ok {
			f = plane.Fresh // the tenants' budgets cannot be read without them
		}
	}
	budgets, err := s.budgetPlanePart(ctx, f)
	if err != nil {
		return diff, err
	}
	return joined(diff, budget.DiffPlane(s.config.Budget, budgets)), nil
}

// The functions that the snapshot of budgets calls.
const (
	budgetCalendar = "budget_calendar(timestamp with time zone,timestamp with time zone,text,text)"
	budgetNow      = "budget_now()"
)

// joined keeps the order of each plan: closing rows must not wait for a partition of the ledger.
func joined(a, b boundary.Diff) boundary.Diff {
	a.Plan = append(a.Plan, b.Plan...)
	a.Hazards = append(a.Hazards, b.Hazards...)
	boundary.SortFindings(a.Hazards)
	a.Objects += b.Objects
	return a
}

// DiffTenant compares one tenant's boundary. While the plane's own boundary has open Critical changes, nobody new is let
// in: the Diff comes without its opening changes and with a Fault that says so.
func (s *Server) DiffTenant(ctx context.Context, t boundary.Tenant, f plane.Freshness) (boundary.Diff, error) {
	state, err := s.tenantPart(ctx, t, f)
	if err != nil {
		return boundary.Diff{}, err
	}
	diff, err := rows.DiffTenant(s.config.Spec, t, state)
	if err != nil {
		return boundary.Diff{}, plane.Faultf(plane.InvalidSpec, err, "%v", err)
	}
	if !slices.ContainsFunc(diff.Plan, opens) {
		return diff, nil
	}
	if err := s.planeVerified(ctx); err != nil {
		diff.Plan = slices.DeleteFunc(diff.Plan, opens)
		return diff, err
	}
	return diff, nil
}

func opens(c boundary.Change) bool { return c.Phase == boundary.PhaseOpen }

// planeVerified says why nobody may be let in yet.
func (s *Server) planeVerified(ctx context.Context) error {
	state, err := s.planePart(ctx, plane.Recent)
	if err != nil {
		return err
	}
	if c := rows.Unverified(rows.DiffPlane(s.config.Spec, state).Plan); c != nil {
		return plane.Faultf(plane.ApplyFailed, nil, "tenants are not let into %s before the plane's own boundary stands; first: %s: %s", s.where, c.Object, c.Summary)
	}
	return nil
}

func (s *Server) planePart(ctx context.Context, f plane.Freshness) (rows.PlaneState, error) {
	if f == plane.Recent {
		if err := s.whole(ctx); err != nil {
			return rows.PlaneState{}, err
		}
		if state, ok := s.cache.planeState(); ok {
			return state, nil
		}
	}
	begun := s.cache.begin()
	state, err := s.readPlane(ctx)
	if err == nil {
		s.cache.storePlane(state, begun)
	}
	return state, err
}

func (s *Server) tenantPart(ctx context.Context, t boundary.Tenant, f plane.Freshness) (rows.TenantState, error) {
	if f == plane.Recent {
		if err := s.whole(ctx); err != nil {
			return rows.TenantState{}, err
		}
		if state, ok := s.cache.tenantState(t.ID); ok {
			return state, nil
		}
	}
	begun := s.cache.begin()
	state, err := s.readTenant(ctx, t)
	if err == nil {
		s.cache.storeTenant(t.ID, state, begun)
	}
	return state, err
}

// whole sees to it that there is a snapshot that is young enough.
func (s *Server) whole(ctx context.Context) error {
	if err := s.cache.whole(ctx, s.readParts); err != nil {
		return s.fault(err, "wait for a snapshot")
	}
	return nil
}

func (s *Server) readParts(ctx context.Context) (rows.PlaneState, map[string]rows.TenantState, error) {
	snapshot, err := s.readWhole(ctx)
	return snapshot.Plane, snapshot.Tenants, err
}

// Refresh takes the snapshot of the boundaries anew, and that of the budgets where one was taken before.
func (s *Server) Refresh(ctx context.Context) error {
	if err := s.cache.take(ctx, s.readParts); err != nil {
		return s.fault(err, "take a snapshot")
	}
	if !s.budgets.known() {
		return nil
	}
	if err := s.budgets.take(ctx, s.readBudgets); err != nil {
		return s.fault(err, "take a snapshot of budgets")
	}
	return nil
}
