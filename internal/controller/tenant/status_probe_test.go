package tenant

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// told are probes that know what they are told.
type told struct {
	outcome trial.Outcome
	known   bool
	soon    int
}

func (p *told) Outcome(types.UID) (trial.Outcome, bool) { return p.outcome, p.known }
func (p *told) Soon(string, types.UID)                  { p.soon++ }

func probedAs(r trial.Result) trial.Outcome {
	return trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Cache: {
		{Layer: boundary.Cache, Words: "reads keys of other tenants", Severity: boundary.Critical, Result: r, Answer: "on n1", Remedy: "Mend it"},
	}})
}

func probedScope() *scope {
	s := &scope{tenant: &tenantryv1.Tenant{}, plane: &connect.Plane{Name: "eu-1"}, desired: boundary.Tenant{ID: "acme"}}
	s.tenant.Name = "acme"
	for _, l := range []boundary.Layer{boundary.Rows, boundary.Cache} {
		s.results = append(s.results, &result{layer: &connect.Layer{Name: l}})
	}
	return s
}

func TestACrossingOfAProbeIsAHazardOfItsLayer(t *testing.T) {
	p := &told{outcome: probedAs(trial.Failed), known: true}
	s := probedScope()
	s.results[0].corrected = boundary.Plan{{}}
	(&Reconciler{Probes: p}).probed(s)
	if s.results[0].hazard() != nil || s.results[1].hazard() == nil || s.results[1].settled() {
		t.Errorf("hazards: %v and %v", s.results[0].hazard(), s.results[1].hazard())
	}
	if p.soon != 1 {
		t.Errorf("a probe was asked for %d times, want once for what was changed", p.soon)
	}
}

func TestARestartForgetsNoCrossing(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	s := probedScope()
	(&Reconciler{Probes: &told{outcome: probedAs(trial.Failed), known: true}}).probed(s)
	s.reportFindings(now)
	s.reportProbe(now)

	again := probedScope()
	again.tenant.Status = *s.tenant.Status.DeepCopy()
	(&Reconciler{Probes: &told{}}).probed(again)
	again.reportFindings(now.Add(time.Hour))
	again.reportProbe(now.Add(time.Hour))
	if diff := cmp.Diff(s.tenant.Status, again.tenant.Status); diff != "" || again.results[1].hazard() == nil {
		t.Errorf("a restart rewrites what a probe found:\n%s", diff)
	}
	(&Reconciler{Probes: &told{outcome: probedAs(trial.Passed), known: true}}).probed(again)
}

func TestProbeStatusMovesWithTheOutcomeAlone(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	s := probedScope()
	report := func(r trial.Result, at time.Time) *tenantryv1.ProbeStatus {
		o := probedAs(r)
		s.probe = &o
		s.reportProbe(at)
		return s.tenant.Status.Probe.DeepCopy()
	}
	first := report(trial.Passed, now)
	if first.Passed != 1 || first.Since == nil || len(first.Evidence) != 1 {
		t.Fatalf("status %+v", first)
	}
	if diff := cmp.Diff(first, report(trial.Passed, now.Add(time.Hour))); diff != "" {
		t.Errorf("the same outcome writes status:\n%s", diff)
	}
	if next := report(trial.Failed, now.Add(time.Hour)); next.Failed != 1 || !next.Since.Time.Equal(now.Add(time.Hour)) ||
		next.Evidence[0].Answer != "on n1" {
		t.Errorf("status %+v", next)
	}
}

func TestAnExpiredAcceptanceIsToldOnce(t *testing.T) {
	tn := &tenantryv1.Tenant{}
	tn.Status.Findings = []tenantryv1.Finding{{
		Layer: "Cache", Object: "probe: lists", Kind: "Hazard", Severity: "Warning",
		Message: "got through; it was accepted (a), and that expired on 2026-01-01; it was accepted (a), and that expired on 2026-01-01",
	}}
	if got := crossedBefore(tn, boundary.Cache); len(got) != 1 || got[0].Message != "got through" {
		t.Errorf("read back: %v", got)
	}
}
