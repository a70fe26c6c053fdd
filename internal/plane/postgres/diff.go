package postgres

import (
	"context"
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

// DiffPlane compares what the plane as a whole needs.
func (s *Server) DiffPlane(ctx context.Context, f plane.Freshness) (boundary.Diff, error) {
	state, err := s.planePart(ctx, f)
	if err != nil {
		return boundary.Diff{}, err
	}
	return rows.DiffPlane(s.config.Spec, state), nil
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

// whole sees to it that there is a snapshot that is young enough. Callers share the taking of one, and each stops waiting
// when its own context ends.
func (s *Server) whole(ctx context.Context) error {
	if s.cache.hasWhole() {
		return nil
	}
	done := s.cache.reads.DoChan("whole", func() (any, error) {
		if s.cache.hasWhole() {
			return nil, nil
		}
		begun, at := s.cache.begin(), s.config.Clock.Now()
		snapshot, err := s.readWhole(context.WithoutCancel(ctx))
		if err == nil {
			s.cache.storeWhole(snapshot, at, begun)
		}
		return nil, err
	})
	select {
	case <-ctx.Done():
		return s.fault(ctx.Err(), "wait for a snapshot")
	case result := <-done:
		return result.Err
	}
}
