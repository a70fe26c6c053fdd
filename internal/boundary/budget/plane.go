package budget

import (
	"fmt"
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
)

// planeUnit is the transaction that settings, prices and routes share.
const planeUnit = "budgets"

// planeDiff compares what all tenants of a plane share.
type planeDiff struct {
	builder
	spec Spec
	have PlaneState
}

// DiffPlane compares settings, prices, routes, and the ledger's tables and partitions. The snapshot must be one of a schema
// that has them: see boundary.SchemaVersion.
func DiffPlane(spec Spec, have PlaneState) boundary.Diff {
	d := &planeDiff{spec: spec, have: have}
	d.settings()
	d.prices()
	d.routes()
	for _, t := range have.Tables {
		d.table(t)
	}
	d.partitions()
	d.gone()
	return d.done()
}

func (d *planeDiff) step(object string, kind boundary.Kind, format string, args ...any) change {
	return change{
		phase: boundary.PhaseBuild, unit: planeUnit, object: object, kind: kind, severity: boundary.Warning, summary: fmt.Sprintf(format, args...),
	}
}

func (d *planeDiff) settings() {
	want := d.spec.settings()
	if d.have.Settings != nil && *d.have.Settings == want {
		d.stands()
		return
	}
	kind := boundary.Changed
	if d.have.Settings == nil {
		kind = boundary.Missing
	}
	d.do(d.step("settings of budgets", kind, "they differ from what the DataPlane says (%d s, %s, %s); write them",
		want.ReservationSeconds, want.OnExpiry, want.WithoutBudget),
		with("INSERT INTO tenantry.budget_settings (reservation_seconds, on_expiry, without_budget) VALUES ($1, $2, $3) ON CONFLICT (only_row) DO UPDATE "+
			"SET reservation_seconds = excluded.reservation_seconds, on_expiry = excluded.on_expiry, without_budget = excluded.without_budget",
			want.ReservationSeconds, want.OnExpiry, want.WithoutBudget))
}

// setPrice begins a price now. What was reserved before keeps its own.
const setPrice = "INSERT INTO tenantry.model_prices (model, input_price, output_price) VALUES ($1, $2, $3)"

func (d *planeDiff) prices() {
	want := map[string]bool{}
	for _, p := range d.spec.Models {
		want[p.Model] = true
		i := slices.IndexFunc(d.have.Prices, func(have Price) bool { return have.Model == p.Model })
		switch {
		case i >= 0 && d.have.Prices[i] == p:
			d.stands()
		case i >= 0:
			d.do(d.step("price of model "+p.Model, boundary.Changed, "it is %d and %d micro-dollars for a million tokens, not %d and %d; set it from now on",
				d.have.Prices[i].Input, d.have.Prices[i].Output, p.Input, p.Output), with(setPrice, p.Model, p.Input, p.Output))
		default:
			d.do(d.step("price of model "+p.Model, boundary.Missing, "it has none; set it from now on"), with(setPrice, p.Model, p.Input, p.Output))
		}
	}
	for _, p := range d.have.Prices {
		if !want[p.Model] {
			d.do(d.step("price of model "+p.Model, boundary.Unexpected, "the DataPlane does not list the model; end its price now"),
				with("INSERT INTO tenantry.model_prices (model) VALUES ($1)", p.Model))
		}
	}
}

func (d *planeDiff) routes() {
	same := func(a Route) func(Route) bool {
		return func(b Route) bool { return a.Tier == b.Tier && a.Complexity == b.Complexity }
	}
	for _, r := range d.spec.Routes {
		object := "route of " + r.Tier + " and " + r.Complexity
		i := slices.IndexFunc(d.have.Routes, same(r))
		if i >= 0 && d.have.Routes[i] == r {
			d.stands()
			continue
		}
		kind, was := boundary.Missing, "nowhere"
		if i >= 0 {
			kind, was = boundary.Changed, "to model "+d.have.Routes[i].Model
		}
		d.do(d.step(object, kind, "it leads %s; lead it to model %s", was, r.Model),
			with("INSERT INTO tenantry.model_routing (tier, complexity, model) VALUES ($1, $2, $3) ON CONFLICT (tier, complexity) DO UPDATE SET model = excluded.model",
				r.Tier, r.Complexity, r.Model))
	}
	for _, r := range d.have.Routes {
		if !slices.ContainsFunc(d.spec.Routes, same(r)) {
			d.do(d.step("route of "+r.Tier+" and "+r.Complexity, boundary.Unexpected, "the DataPlane does not list it; remove it"),
				with("DELETE FROM tenantry.model_routing WHERE tier = $1 AND complexity = $2", r.Tier, r.Complexity))
		}
	}
}

// gone: limits outlast their AIBudget, and not their Tenant. What was spent stays in the ledger.
func (d *planeDiff) gone() {
	for _, tenant := range d.have.Gone {
		d.do(change{
			phase: boundary.PhaseRemove, tenant: tenant, unit: "budget " + tenant, apart: true, object: "budget of tenant " + tenant, kind: boundary.Unexpected,
			severity: boundary.Info, summary: "the Tenant is gone; remove its limits",
		}, with("DELETE FROM tenantry.budget_marks WHERE tenant_id = $1", tenant), with("DELETE FROM tenantry.budget_periods WHERE tenant_id = $1", tenant),
			with("DELETE FROM tenantry.tenant_budgets WHERE tenant_id = $1 AND open_requests = 0", tenant))
	}
}
