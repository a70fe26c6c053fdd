package plane

import (
	"context"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
)

// Meter records one call to a server: how long it took and the cause of its failure, "" for success.
type Meter func(layer boundary.Layer, call string, took time.Duration, cause string)

// Metered is s with every call reported to m.
func Metered(s Server, m Meter) Server {
	if v, ok := s.(VectorServer); ok {
		return &meteredVector{metered: metered{Server: v, meter: m}, vector: v}
	}
	if b, ok := s.(BudgetServer); ok {
		counted := &meteredBudget{metered: metered{Server: b, meter: m}, budget: b}
		if w, ok := s.(Watcher); ok {
			return &meteredWatched{meteredBudget: counted, Watcher: w}
		}
		return counted
	}
	if d, ok := s.(DenialServer); ok {
		return &meteredDenials{metered: metered{Server: s, meter: m}, denials: d}
	}
	return &metered{Server: s, meter: m}
}

type metered struct {
	Server

	meter Meter
}

// Unwrap returns the server itself, for what not every server can do.
func (m *metered) Unwrap() Server { return m.Server }

func (m *metered) record(call string, start time.Time, err error) {
	cause := ""
	if err != nil {
		cause = string(CauseOf(err))
	}
	m.meter(m.Layer(), call, time.Since(start), cause)
}

func (m *metered) Refresh(ctx context.Context) (err error) {
	defer func(start time.Time) { m.record("refresh", start, err) }(time.Now())
	return m.Server.Refresh(ctx)
}

func (m *metered) Describe(ctx context.Context) (d Description, err error) {
	defer func(start time.Time) { m.record("describe", start, err) }(time.Now())
	return m.Server.Describe(ctx)
}

func (m *metered) Claim(ctx context.Context, want boundary.Marker) (_ boundary.Marker, err error) {
	defer func(start time.Time) { m.record("claim", start, err) }(time.Now())
	return m.Server.Claim(ctx, want)
}

func (m *metered) DiffPlane(ctx context.Context, f Freshness) (_ boundary.Diff, err error) {
	defer func(start time.Time) { m.record("diff_plane", start, err) }(time.Now())
	return m.Server.DiffPlane(ctx, f)
}

func (m *metered) DiffTenant(ctx context.Context, t boundary.Tenant, f Freshness) (_ boundary.Diff, err error) {
	defer func(start time.Time) { m.record("diff_tenant", start, err) }(time.Now())
	return m.Server.DiffTenant(ctx, t, f)
}

func (m *metered) Apply(ctx context.Context, p boundary.Plan) (err error) {
	defer func(start time.Time) { m.record("apply", start, err) }(time.Now())
	return m.Server.Apply(ctx, p)
}

type meteredVector struct {
	metered

	vector VectorServer
}

func (m *meteredVector) DiffCorpus(
	ctx context.Context, c boundary.Corpus, loader *boundary.Credential, f Freshness,
) (_ boundary.Diff, err error) {
	defer func(start time.Time) { m.record("diff_corpus", start, err) }(time.Now())
	return m.vector.DiffCorpus(ctx, c, loader, f)
}

func (m *meteredVector) CountPoints(ctx context.Context, c boundary.Corpus) (_ int64, err error) {
	defer func(start time.Time) { m.record("count_points", start, err) }(time.Now())
	return m.vector.CountPoints(ctx, c)
}

// meteredWatched does not meter watching, which lasts as long as the plane.
type meteredWatched struct {
	*meteredBudget
	Watcher
}

type meteredBudget struct {
	metered

	budget BudgetServer
}

func (m *meteredBudget) DiffBudget(ctx context.Context, want budget.Budget, f Freshness) (_ boundary.Diff, err error) {
	defer func(start time.Time) { m.record("diff_budget", start, err) }(time.Now())
	return m.budget.DiffBudget(ctx, want, f)
}

func (m *meteredBudget) DiffCounters(ctx context.Context) (_ boundary.Diff, err error) {
	defer func(start time.Time) { m.record("diff_counters", start, err) }(time.Now())
	return m.budget.DiffCounters(ctx)
}

func (m *meteredBudget) BudgetUsage(ctx context.Context, tenantID string, f Freshness) (_ *budget.Usage, err error) {
	defer func(start time.Time) { m.record("budget_usage", start, err) }(time.Now())
	return m.budget.BudgetUsage(ctx, tenantID, f)
}

func (m *meteredBudget) SweepBudgets(ctx context.Context, f Freshness) (_ budget.Swept, err error) {
	defer func(start time.Time) { m.record("sweep_budgets", start, err) }(time.Now())
	return m.budget.SweepBudgets(ctx, f)
}
