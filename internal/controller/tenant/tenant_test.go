package tenant

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

func newScope(edit ...func(*scope)) *scope {
	s := &scope{tenant: &tenantryv1.Tenant{}, dp: &tenantryv1.DataPlane{}, plane: &connect.Plane{Interval: time.Minute}}
	s.tenant.Name, s.tenant.UID, s.tenant.Generation = "acme", "u1", 2
	s.desired = boundary.Tenant{ID: "acme", UID: "u1", Access: boundary.Open}
	for _, f := range edit {
		f(s)
	}
	return s
}

func TestRefuse(t *testing.T) {
	other := func(claimed string, age time.Duration) tenantryv1.Tenant {
		o := tenantryv1.Tenant{}
		o.Name, o.UID, o.Spec.TenantID, o.Status.TenantID = "other", "u2", "acme", claimed
		o.CreationTimestamp = metav1.NewTime(time.Unix(1000, 0).Add(-age))
		return o
	}
	at := func(s *scope) { s.tenant.CreationTimestamp = metav1.NewTime(time.Unix(1000, 0)) }
	for name, tc := range map[string]struct {
		scope  *scope
		sameID []tenantryv1.Tenant
		want   string
	}{
		"nothing to say":   {newScope(), nil, ""},
		"no such plane":    {newScope(func(s *scope) { s.dp = nil }), nil, "DataPlaneNotFound"},
		"rotation":         {newScope(func(s *scope) { s.tenant.Spec.Credentials = &tenantryv1.CredentialsSpec{RotateAfterSeconds: 3600} }), nil, "NotSupported"},
		"not a UUID":       {newScope(func(s *scope) { s.dp.Spec.TenantIDFormat = "UUID" }), nil, "InvalidSpec"},
		"not an integer":   {newScope(func(s *scope) { s.dp.Spec.TenantIDFormat = "Integer" }), nil, "InvalidSpec"},
		"a leading zero":   {newScope(func(s *scope) { s.dp.Spec.TenantIDFormat, s.tenant.Spec.TenantID = "Integer", "07" }), nil, "InvalidSpec"},
		"an integer":       {newScope(func(s *scope) { s.dp.Spec.TenantIDFormat, s.tenant.Spec.TenantID = "Integer", "7" }), nil, ""},
		"claimed by other": {newScope(at), []tenantryv1.Tenant{other("acme", -time.Hour)}, "TenantIDConflict"},
		"older, unclaimed": {newScope(at), []tenantryv1.Tenant{other("", time.Hour)}, "TenantIDConflict"},
		"younger":          {newScope(at), []tenantryv1.Tenant{other("", -time.Hour)}, ""},
		"claimed by us":    {newScope(at, func(s *scope) { s.tenant.Status.TenantID = "acme" }), []tenantryv1.Tenant{other("acme", time.Hour)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if f := refuse(tc.scope, tc.sameID); f != nil {
				got = f.reason
			}
			if got != tc.want {
				t.Errorf("refused for %q, want %q", got, tc.want)
			}
		})
	}
}

// TestVerdict: a layer that cannot be read is Unknown, never a stale True, but for a blip.
func TestVerdict(t *testing.T) {
	wasTrue := func(s *scope) {
		condition.Put(s.tenant, tenantryv1.ConditionRowsIsolated, metav1.ConditionTrue, "Isolated", "")
	}
	away := plane.Faultf(plane.Unreachable, nil, "away")
	hazard := boundary.Finding{Severity: boundary.Critical, Object: "user default"}
	for name, tc := range map[string]struct {
		scope  *scope
		result result
		status metav1.ConditionStatus
		reason string
	}{
		"settled":                    {newScope(), result{}, "True", "Isolated"},
		"away":                       {newScope(), result{err: away}, "Unknown", "Unreachable"},
		"away for a moment":          {newScope(wasTrue), result{err: away, failingFor: time.Minute}, "True", "Isolated"},
		"away for three turns":       {newScope(wasTrue), result{err: away, failingFor: 3 * time.Minute}, "Unknown", "Unreachable"},
		"away, and the spec changed": {newScope(wasTrue, func(s *scope) { s.tenant.Generation++ }), result{err: away}, "Unknown", "Unreachable"},
		"wrong password":             {newScope(wasTrue), result{err: plane.Faultf(plane.AuthenticationFailed, nil, "x")}, "Unknown", "AuthenticationFailed"},
		"refused by the server":      {newScope(), result{err: plane.Faultf(plane.ApplyFailed, nil, "x")}, "False", "ApplyFailed"},
		"the server cannot":          {newScope(), result{err: plane.Faultf(plane.UnsupportedServer, nil, "x")}, "False", "UnsupportedServer"},
		"claimed by another":         {newScope(), result{diff: boundary.Diff{Conflict: &boundary.Conflict{Object: "tenantID acme"}}}, "False", "TenantIDConflict"},
		"a tombstone":                {newScope(), result{diff: boundary.Diff{Conflict: &boundary.Conflict{Object: "tenantID acme", Tombstone: true}}}, "False", "TenantIDRetained"},
		"a collection":               {newScope(), result{diff: boundary.Diff{Conflict: &boundary.Conflict{Object: "collection c"}}}, "False", "CollectionExists"},
		"drift":                      {newScope(), result{diff: boundary.Diff{Plan: boundary.Plan{{}}}}, "False", "Drifted"},
		"planned":                    {newScope(func(s *scope) { s.tenant.Spec.Mode = "Plan" }), result{diff: boundary.Diff{Plan: boundary.Plan{{}}}}, "False", "Planned"},
		"its own hazard":             {newScope(), result{diff: boundary.Diff{Hazards: []boundary.Finding{hazard}}}, "False", "Hazard"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.result.layer = &connect.Layer{Name: boundary.Rows}
			got := tc.scope.verdict(&tc.result)
			if got.status != tc.status || got.reason != tc.reason {
				t.Errorf("verdict = %+v, want %s %s", got, tc.status, tc.reason)
			}
		})
	}
}

// TestPlaneHazardReachesEveryTenant: an open door of the plane is an open door of each tenant.
func TestPlaneHazardReachesEveryTenant(t *testing.T) {
	l := &connect.Layer{Name: boundary.Cache}
	l.SetHealth(nil, false, time.Now())
	l.SetHazards([]boundary.Finding{{Severity: boundary.Warning, Object: "w"}, {Severity: boundary.Critical, Object: "user default"}})
	r := &result{layer: l}
	if r.settled() {
		t.Error("settled next to a critical hazard")
	}
	if got := newScope().verdict(r); got.status != metav1.ConditionFalse || got.reason != tenantryv1.ReasonHazard {
		t.Errorf("verdict = %+v", got)
	}
}

// TestWorstLayerDecides: False before Unknown before True.
func TestWorstLayerDecides(t *testing.T) {
	for name, tc := range map[string]struct {
		rows, cache, want metav1.ConditionStatus
	}{
		"both":            {"True", "True", "True"},
		"one unknown":     {"True", "Unknown", "Unknown"},
		"false beats all": {"Unknown", "False", "False"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScope()
			condition.Put(s.tenant, tenantryv1.ConditionRowsIsolated, tc.rows, "R", "")
			condition.Put(s.tenant, tenantryv1.ConditionCacheIsolated, tc.cache, "R", "")
			s.results = []*result{{layer: &connect.Layer{Name: boundary.Rows}}, {layer: &connect.Layer{Name: boundary.Cache}}}
			s.reportIsolated()
			if got := condition.Get(s.tenant, tenantryv1.ConditionIsolated); got.Status != tc.want {
				t.Errorf("Isolated = %s, want %s", got.Status, tc.want)
			}
		})
	}
}
