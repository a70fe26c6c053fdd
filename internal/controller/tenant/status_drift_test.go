package tenant

import (
	"errors"
	"testing"
	"time"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// TestAwayKeepsFindings: a server that is away for a round rewrites nothing, although fights and probes are known without it.
func TestAwayKeepsFindings(t *testing.T) {
	seen := boundary.Finding{Layer: boundary.Cache, Tenant: "acme", Object: "user u", Kind: boundary.Hazard, Severity: boundary.Warning, Check: "c", Message: "m"}
	fight := boundary.Finding{Layer: boundary.Cache, Tenant: "acme", Object: "user v", Kind: boundary.Hazard, Severity: boundary.Warning, Check: boundary.CheckFight, Message: "m"}
	s := &scope{tenant: &tenantryv1.Tenant{}}
	s.results = []*result{{layer: &connect.Layer{Name: boundary.Cache}, diff: boundary.Diff{Objects: 1, Hazards: []boundary.Finding{seen, fight}}}}
	s.reportFindings(time.Unix(1000, 0))
	if n := *s.tenant.Status.FindingsTotal; n != 2 {
		t.Fatalf("%d findings", n)
	}
	s.results[0].err, s.results[0].diff = errors.New("away"), boundary.Diff{Hazards: []boundary.Finding{fight}}
	before := s.tenant.DeepCopy()
	s.reportFindings(time.Unix(2000, 0))
	if len(s.tenant.Status.Findings) != 2 || *s.tenant.Status.FindingsTotal != 2 || !s.tenant.Status.Findings[0].Since.Equal(before.Status.Findings[0].Since) {
		t.Errorf("a server that is away rewrites %+v", s.tenant.Status.Findings)
	}
	s.results[0].err = nil
	s.results[0].diff = boundary.Diff{Objects: 1}
	if s.reportFindings(time.Unix(3000, 0)); *s.tenant.Status.FindingsTotal != 0 {
		t.Errorf("it is back and well, and there is %+v", s.tenant.Status.Findings)
	}
}

// TestIsolatedNamesTheWorst: what is Critical in one layer does not stand behind a Warning of another, nor a hazard behind drift.
func TestIsolatedNamesTheWorst(t *testing.T) {
	drift := func(layer boundary.Layer, severity boundary.Severity) *result {
		return &result{layer: &connect.Layer{Name: layer}, diff: boundary.Diff{Plan: boundary.Plan{
			{Layer: layer, Object: "a", Kind: boundary.Changed, Severity: boundary.Info, Summary: "harmless"},
			{Layer: layer, Object: "b", Kind: boundary.Changed, Severity: severity, Summary: "differs"},
		}}}
	}
	hazard := drift(boundary.Cache, boundary.Warning)
	hazard.diff.Hazards = []boundary.Finding{{Layer: boundary.Cache, Object: "user default", Kind: boundary.Hazard, Severity: boundary.Critical, Message: "open"}}
	for name, tc := range map[string]struct {
		results []*result
		want    string
	}{
		"Critical drift":             {[]*result{drift(boundary.Rows, boundary.Warning), drift(boundary.Cache, boundary.Critical)}, "Cache: b: differs; a: harmless"},
		"a Critical hazard":          {[]*result{drift(boundary.Rows, boundary.Warning), hazard}, "Cache: user default: open; b: differs; a: harmless"},
		"the first of those as bad":  {[]*result{drift(boundary.Rows, boundary.Warning), drift(boundary.Cache, boundary.Warning)}, "Rows: b: differs; a: harmless"},
		"the order of layers is not": {[]*result{drift(boundary.Cache, boundary.Critical), drift(boundary.Rows, boundary.Warning)}, "Cache: b: differs; a: harmless"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scope{tenant: &tenantryv1.Tenant{}, results: tc.results}
			s.reportLayers()
			s.reportIsolated()
			if got := condition.Get(s.tenant, tenantryv1.ConditionIsolated); got.Message != tc.want || got.Status != "False" {
				t.Errorf("%s %q", got.Status, got.Message)
			}
		})
	}
}
