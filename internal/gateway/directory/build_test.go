package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// verdict is "" for a tenant that is served, else the problem.
func verdict(a *answer) Problem {
	_, err := a.get()
	var e *Error
	if errors.As(err, &e) {
		return e.Problem
	}
	return ""
}

func TestWhoIsServed(t *testing.T) {
	now := metav1.Now()
	for name, tc := range map[string]struct {
		edit func(*tenantryv1.Tenant)
		want Problem
	}{
		"verified":           {func(*tenantryv1.Tenant) {}, ""},
		"active by name":     {func(t *tenantryv1.Tenant) { t.Spec.Access = tenantryv1.AccessActive }, ""},
		"suspended":          {func(t *tenantryv1.Tenant) { t.Spec.Access = tenantryv1.AccessSuspended }, Suspended},
		"an unknown access":  {func(t *tenantryv1.Tenant) { t.Spec.Access = "Readonly" }, Suspended},
		"leaving":            {func(t *tenantryv1.Tenant) { t.DeletionTimestamp = &now }, Deleted},
		"never verified":     {func(t *tenantryv1.Tenant) { t.Status.AppliedHash = "" }, NotVerified},
		"no tenantID yet":    {func(t *tenantryv1.Tenant) { t.Status.TenantID = "" }, NotVerified},
		"another tenantID":   {func(t *tenantryv1.Tenant) { t.Status.TenantID = "globex" }, NotVerified},
		"leaving, suspended": {func(t *tenantryv1.Tenant) { t.DeletionTimestamp, t.Spec.Access = &now, tenantryv1.AccessSuspended }, Deleted},
	} {
		t.Run(name, func(t *testing.T) {
			tn := newTenant("acme", tc.edit, func(t *tenantryv1.Tenant) {
				t.Spec.ServiceAccounts = []tenantryv1.ServiceAccountReference{{Namespace: "team", Name: "worker"}}
			})
			s := snapshotOf(t, tn, newTenant("globex"))
			got := map[string]Problem{
				"uid": verdict(s.byUID["uid-acme"]), "id": verdict(s.byID["acme"]), "account": verdict(s.byAccount[account{"team", "worker"}]),
			}
			if diff := cmp.Diff(map[string]Problem{"uid": tc.want, "id": tc.want, "account": tc.want}, got); diff != "" {
				t.Error(diff)
			}
			if p := verdict(s.byUID["uid-globex"]); p != "" {
				t.Errorf("the other tenant: %s", p)
			}
		})
	}
}

func TestTenant(t *testing.T) {
	s := snapshotOf(t, newTenant("a", func(t *tenantryv1.Tenant) {
		t.Spec.TenantID, t.Status.TenantID = "acme", "acme"
		t.Status.GatewayTokenIDs = []string{"t1", "t2"}
	}), newTenant("elsewhere", func(t *tenantryv1.Tenant) { t.Spec.DataPlane = "us-1" }))
	got, err := s.byID["acme"].get()
	if err != nil {
		t.Fatal(err)
	}
	want := &Tenant{UID: "uid-a", ID: "acme", Name: "a", TokenIDs: []string{"t1", "t2"}, Scope: got.Scope}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *scopeqdrant.Scope) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if got.Scope.TenantID() != "acme" || got.Scope.TenantUID() != "uid-a" {
		t.Errorf("scope of %s, %s", got.Scope.TenantID(), got.Scope.TenantUID())
	}
	for key, a := range map[string]*answer{"its name": s.byID["a"], "another plane's": s.byID["elsewhere"], "uid": s.byUID["uid-elsewhere"]} {
		if p := verdict(a); p != Unknown {
			t.Errorf("by %s: %q, want Unknown", key, p)
		}
	}
}

func TestAmbiguousKeys(t *testing.T) {
	worker := func(t *tenantryv1.Tenant) {
		t.Spec.ServiceAccounts = []tenantryv1.ServiceAccountReference{{Namespace: "team", Name: "worker"}}
	}
	as := func(id string) func(*tenantryv1.Tenant) {
		return func(t *tenantryv1.Tenant) { t.Spec.TenantID, t.Status.TenantID = id, id }
	}
	unverified := func(t *tenantryv1.Tenant) { t.Status = tenantryv1.TenantStatus{} }
	suspended := func(t *tenantryv1.Tenant) { t.Spec.Access = tenantryv1.AccessSuspended }
	stranger := func(t *tenantryv1.Tenant) { t.Spec.Namespaces = []string{"elsewhere"} }
	for name, tc := range map[string]struct {
		tenants []client.Object
		want    map[string]Problem
		note    string
	}{
		"one tenantID, two tenants": {
			[]client.Object{newTenant("a", as("x")), newTenant("b", as("x"), worker)},
			map[string]Problem{"id x": Ambiguous, "uid a": Ambiguous, "uid b": Ambiguous, "worker": Ambiguous},
			`tenantID "x" is not served: Tenants ["a" "b"] have it`,
		},
		"one of them suspended": {
			[]client.Object{newTenant("a", as("x")), newTenant("b", as("x"), func(t *tenantryv1.Tenant) { t.Spec.Access = tenantryv1.AccessSuspended })},
			map[string]Problem{"id x": Ambiguous, "uid a": Ambiguous, "uid b": Ambiguous},
			"have it",
		},
		"one that was never verified closes nobody": {
			[]client.Object{newTenant("a", as("x"), worker), newTenant("b", as("x"), unverified)},
			map[string]Problem{"id x": "", "uid a": "", "uid b": NotVerified, "worker": ""}, "",
		},
		"none was verified": {
			[]client.Object{newTenant("a", as("x"), unverified), newTenant("b", as("x"), unverified)},
			map[string]Problem{"id x": NotVerified, "uid a": NotVerified, "uid b": NotVerified}, "",
		},
		"one ServiceAccount, two tenants": {
			[]client.Object{newTenant("a", worker), newTenant("b", worker)},
			map[string]Problem{"worker": Ambiguous, "id a": "", "id b": "", "uid a": "", "uid b": ""},
			`ServiceAccount team/worker is not served: Tenants ["a" "b"] list it`,
		},
		"one of the two suspended": {
			[]client.Object{newTenant("a", worker), newTenant("b", worker, suspended)},
			map[string]Problem{"worker": Ambiguous, "id a": ""}, "list it",
		},
		"one that was never verified takes no ServiceAccount": {
			[]client.Object{newTenant("a", worker), newTenant("b", worker, unverified)},
			map[string]Problem{"worker": "", "id a": ""}, "",
		},
		"nor keeps one from who is verified later": {
			[]client.Object{newTenant("a", worker, unverified), newTenant("b", worker)},
			map[string]Problem{"worker": "", "id b": ""}, "",
		},
		"one that was never verified has none": {
			[]client.Object{newTenant("a", worker, unverified)}, map[string]Problem{"worker": NotVerified}, "",
		},
		"a ServiceAccount of no namespace of its own": {
			[]client.Object{newTenant("a", worker, stranger)}, map[string]Problem{"worker": Unknown, "id a": ""},
			`ServiceAccount team/worker does not count for Tenant "a", which lists it: its namespace`,
		},
		"and of another's": {
			[]client.Object{newTenant("a", worker), newTenant("b", worker, stranger)},
			map[string]Problem{"worker": "", "id a": ""}, `does not count for Tenant "b"`,
		},
		"of no namespace of its own, never verified": {
			[]client.Object{newTenant("a", worker, stranger, unverified)}, map[string]Problem{"worker": Unknown}, "",
		},
		"an application is no tenant's": {
			[]client.Object{newTenant("a", worker), newPlane(func(d *tenantryv1.DataPlane) {
				d.Spec.Applications = []tenantryv1.ApplicationSpec{{Namespace: "team", ServiceAccount: "worker", TenantFrom: tenantryv1.TenantFromHeader}}
			})},
			map[string]Problem{"worker": Unknown, "id a": ""},
			`ServiceAccount team/worker does not count for Tenant "a", which lists it: it is an application of the DataPlane`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := snapshotOf(t, tc.tenants...)
			for key, want := range tc.want {
				kind, value, _ := strings.Cut(key, " ")
				a := map[string]*answer{"id": s.byID[value], "uid": s.byUID["uid-"+value], "worker": s.byAccount[account{"team", "worker"}]}[kind]
				if got := verdict(a); got != want {
					t.Errorf("%s: %q, want %q", key, got, want)
				}
			}
			if tc.note == "" && len(s.notes) > 0 ||
				tc.note != "" && !slices.ContainsFunc(s.notes, func(n string) bool { return strings.Contains(n, tc.note) }) {
				t.Errorf("notes %q, want one with %q", s.notes, tc.note)
			}
		})
	}
}

func TestNobodyIsServedWithout(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*world)
		says  string
	}{
		"a DataPlane":         {func(w *world) { w.remove(newPlane()) }, "does not exist"},
		"a qdrant":            {func(w *world) { w.put(newPlane(func(d *tenantryv1.DataPlane) { d.Spec.Qdrant = nil })) }, "has no qdrant"},
		"material":            {func(w *world) { w.remove(newMaterial(t)) }, "has not handed over"},
		"material that reads": {func(w *world) { s := newMaterial(t); delete(s.Data, "id-mapping"); w.put(s) }, "cannot be used"},
		"material of its own": {func(w *world) {
			w.put(newMaterial(t, func(m *credential.GatewayMaterial) { m.Plane = "us-1" }))
		}, "cannot be used"},
		"material of its type": {func(w *world) { s := newMaterial(t); s.Type = "Opaque"; w.put(s) }, "cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, newTenant("acme"))
			good := build(w, nil, scopeqdrant.Limits{})
			if good.problem != nil || verdict(good.byID["acme"]) != "" {
				t.Fatalf("before: %v", good.problem)
			}
			tc.spoil(w)
			bad := build(w, good, scopeqdrant.Limits{})
			if bad.problem == nil || bad.problem.Problem != NoMaterial || !strings.Contains(bad.problem.Message, tc.says) {
				t.Fatalf("problem %+v, want NoMaterial that says %q", bad.problem, tc.says)
			}
			w.put(newPlane())
			w.put(newMaterial(t))
			again := build(w, bad, scopeqdrant.Limits{})
			if again.problem != nil || again.scopes != 0 {
				t.Errorf("mended: %v, %d scopes made; the old ones should do", again.problem, again.scopes)
			}
		})
	}
}

// TestSecretsOfOthersAreNoMaterial: names and namespaces that look alike.
func TestSecretsOfOthersAreNoMaterial(t *testing.T) {
	w := worldOf(t)
	for _, key := range []client.ObjectKey{{Namespace: "team", Name: "eu-1-gateway"}, {Namespace: system, Name: "eu-1-gateway2"}} {
		s := newMaterial(t, func(m *credential.GatewayMaterial) { m.ServerVersion = "9.9.9" })
		s.Namespace, s.Name = key.Namespace, key.Name
		w.put(s)
		if w.material.ServerVersion != "1.19.0" {
			t.Errorf("%s was taken for the material", key)
		}
		w.remove(s)
		if w.material == nil {
			t.Errorf("the material went with %s", key)
		}
	}
}

func TestOnlyWhatChangedIsRebuilt(t *testing.T) {
	w := worldOf(t, newReference("eu-gdpr", "law"))
	for i := range 50 {
		name := fmt.Sprintf("t%02d", i)
		w.put(newTenant(name))
		w.put(newCorpus(name, "notes-"+name))
		w.put(newCorpus(name, "part-"+name, shared))
	}
	last := build(w, nil, scopeqdrant.Limits{})
	if last.scopes != 50 {
		t.Fatalf("%d scopes for 50 tenants", last.scopes)
	}
	for _, step := range []struct {
		what string
		do   func()
		want int
	}{
		{"nothing", func() {}, 0},
		{"a Tenant's tokens", func() {
			w.put(newTenant("t03", func(t *tenantryv1.Tenant) { t.Status.GatewayTokenIDs = []string{"t9"} }))
		}, 0},
		{"a corpus counts its points", func() {
			w.put(newCorpus("t03", "notes-t03", func(c *tenantryv1.Corpus) { n := int64(7); c.Status.Points = &n }))
		}, 0},
		{"a reference counts its points", func() {
			w.put(newReference("eu-gdpr", "law", func(c *tenantryv1.Corpus) { n := int64(7); c.Status.Points = &n }))
		}, 0},
		{"tokens are renewed", func() {
			w.put(newMaterial(t, func(m *credential.GatewayMaterial) { m.Tokens, m.Issued = nil, epoch.Add(1) }))
		}, 0},
		{"the plane's status", func() { w.put(newPlane(func(d *tenantryv1.DataPlane) { d.ResourceVersion = "7" })) }, 0},
		{"a corpus more", func() { w.put(newCorpus("t03", "more")) }, 1},
		{"a corpus less", func() { w.remove(newCorpus("t03", "more")) }, 1},
		{"suspended", func() {
			w.put(newTenant("t03", func(t *tenantryv1.Tenant) { t.Spec.Access = tenantryv1.AccessSuspended }))
		}, 0},
		{"active again", func() { w.put(newTenant("t03")) }, 0},
		{"a tenant more", func() { w.put(newTenant("t50")) }, 1},
		{"a tenant made anew", func() { w.put(newTenant("t50", func(t *tenantryv1.Tenant) { t.UID = "new" })) }, 1},
		{"a tenant less", func() { w.remove(newTenant("t50")) }, 0},
		{"another server version", func() {
			w.put(newMaterial(t, func(m *credential.GatewayMaterial) { m.ServerVersion = "1.20.0" }))
		}, 50},
	} {
		step.do()
		next := build(w, last, scopeqdrant.Limits{})
		if next.scopes != step.want {
			t.Errorf("%s: %d scopes made, want %d", step.what, next.scopes, step.want)
		}
		last = next
	}
	if _, ok := last.byUID["new"]; ok || len(last.records) != 50 {
		t.Errorf("%d records; the deleted tenant must be gone", len(last.records))
	}
}
