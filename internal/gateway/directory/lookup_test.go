package directory

import (
	"crypto/tls"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/credential"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// offline is a Directory that holds a world and watches nothing.
func offline(t testing.TB, clock *clocktesting.FakeClock, more ...client.Object) *Directory {
	t.Helper()
	d, err := New(&rest.Config{}, Options{Plane: planeName, Namespace: system, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	d.world = worldOf(t, more...)
	d.rebuild(t.Context())
	d.fresh.Store(clock.Now().UnixNano())
	return d
}

// problems are those of every lookup, by its name.
func problems(d *Directory) map[string]Problem {
	errs := map[string]error{"Ready": d.Ready()}
	_, errs["Tenant"] = d.Tenant("uid-acme")
	_, errs["ByTenantID"] = d.ByTenantID("acme")
	_, _, errs["ByServiceAccount"] = d.ByServiceAccount("team", "worker")
	_, errs["VerifyKey"] = d.VerifyKey()
	_, errs["TokenFor"] = d.TokenFor(&Tenant{Access: []scopeqdrant.Access{{Collection: "shared-documents", Write: true}}},
		[]scopeqdrant.Access{{Collection: "shared-documents"}})
	_, errs["Upstream"] = d.Upstream()
	out := map[string]Problem{}
	for name, err := range errs {
		var e *Error
		if errors.As(err, &e) {
			out[name] = e.Problem
		}
	}
	return out
}

func all(p Problem) map[string]Problem {
	return map[string]Problem{
		"Ready": p, "Tenant": p, "ByTenantID": p, "ByServiceAccount": p, "VerifyKey": p, "TokenFor": p, "Upstream": p,
	}
}

func worker(t *tenantryv1.Tenant) {
	t.Spec.ServiceAccounts = []tenantryv1.ServiceAccountReference{{Namespace: "team", Name: "worker"}}
}

func withApplications(d *tenantryv1.DataPlane) {
	d.Spec.Applications = []tenantryv1.ApplicationSpec{{Namespace: "product", ServiceAccount: "api", TenantFrom: tenantryv1.TenantFromEndUserToken}}
	d.Spec.OIDC = &tenantryv1.OIDCSpec{IssuerURL: "https://id.example.com", Audience: "product", TenantClaim: "tenant_id"}
}

func TestEverybodyIsRefusedWhenStale(t *testing.T) {
	clock := clocktesting.NewFakeClock(epoch)
	d := offline(t, clock, newTenant("acme", worker), newPlane(withApplications))
	check := func(what string, want map[string]Problem, others bool) {
		t.Helper()
		if diff := cmp.Diff(want, problems(d)); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
		_, app := d.Application("product", "api")
		_, oidc := d.OIDC()
		if app != others || oidc != others {
			t.Errorf("%s: application %t, oidc %t", what, app, oidc)
		}
	}
	check("fresh", map[string]Problem{}, true)
	clock.Step(DefaultMaxStaleness)
	check("at the bound", map[string]Problem{}, true)
	clock.Step(time.Nanosecond)
	check("beyond it", all(Stale), false)
	d.now.Store(nil)
	check("before the first snapshot", all(Stale), false)
	if !d.Freshness().Equal(epoch) {
		t.Errorf("fresh at %s", d.Freshness())
	}
}

func TestNobodyBeforeMaterial(t *testing.T) {
	d := offline(t, clocktesting.NewFakeClock(epoch), newTenant("acme", worker))
	d.world.remove(newMaterial(t))
	d.rebuild(t.Context())
	if diff := cmp.Diff(all(NoMaterial), problems(d)); diff != "" {
		t.Error(diff)
	}
}

func TestServiceAccountsAndApplications(t *testing.T) {
	d := offline(t, clocktesting.NewFakeClock(epoch), newTenant("acme", worker), newPlane(withApplications))
	if tn, ok, err := d.ByServiceAccount("team", "worker"); !ok || err != nil || tn.ID != "acme" {
		t.Errorf("worker: %v, %t, %v", tn, ok, err)
	}
	for _, other := range [][2]string{{"team", "other"}, {"other", "worker"}, {"team/worker", ""}, {"", "team/worker"}, {"product", "api"}} {
		if tn, ok, err := d.ByServiceAccount(other[0], other[1]); ok || err != nil || tn != nil {
			t.Errorf("%q: %v, %t, %v", other, tn, ok, err)
		}
	}
	app, ok := d.Application("product", "api")
	if diff := cmp.Diff(Application{"product", "api", tenantryv1.TenantFromEndUserToken}, app); diff != "" || !ok {
		t.Error(diff)
	}
	if _, ok := d.Application("team", "worker"); ok {
		t.Error("a tenant's ServiceAccount is an application")
	}
	oidc, _ := d.OIDC()
	if diff := cmp.Diff(OIDC{"https://id.example.com", "product", "tenant_id"}, oidc); diff != "" {
		t.Error(diff)
	}
}

func TestTokenFollowsTheClock(t *testing.T) {
	clock := clocktesting.NewFakeClock(epoch)
	d := offline(t, clock)
	want := []scopeqdrant.Access{{Collection: "shared-documents", Write: true}}
	acme := &Tenant{Access: want}
	if token, err := d.TokenFor(acme, want); err != nil || token.Reveal() != "shared-token" {
		t.Errorf("%v", err)
	}
	if _, err := d.TokenFor(acme, []scopeqdrant.Access{{Collection: "tenant_acme_notes"}}); err == nil {
		t.Error("a token for what none was minted for")
	}
	clock.Step(2 * time.Hour)
	d.fresh.Store(clock.Now().UnixNano())
	if _, err := d.TokenFor(acme, want); err == nil {
		t.Error("an expired token")
	}
}

// TestTokenOpensNothingOfOthers: another tenant's set may cover a request too.
func TestTokenOpensNothingOfOthers(t *testing.T) {
	own := func(c string) scopeqdrant.Access { return scopeqdrant.Access{Collection: c, Write: true} }
	law, us := scopeqdrant.Access{Collection: vector.ReferenceName("eu-gdpr", "law")}, scopeqdrant.Access{Collection: vector.ReferenceName("us", "law")}
	docs, notes, files := own("shared-documents"), own("tenant_acme_notes"), own("tenant_beta_files")
	for name, tc := range map[string]struct {
		asked []scopeqdrant.Access
		sets  [][]scopeqdrant.Access
		want  string
	}{
		"one collection":                   {[]scopeqdrant.Access{docs}, [][]scopeqdrant.Access{{docs}, {law, docs}}, "0"},
		"its own set":                      {[]scopeqdrant.Access{law, docs}, [][]scopeqdrant.Access{{law, docs, files}, {law, docs, notes}}, "1"},
		"a set that just fits":             {[]scopeqdrant.Access{law, docs}, [][]scopeqdrant.Access{{law, docs, notes}, {law, docs}}, "1"},
		"another's alone":                  {[]scopeqdrant.Access{law, docs}, [][]scopeqdrant.Access{{law, docs, files}}, ""},
		"one reference too many":           {[]scopeqdrant.Access{law, docs}, [][]scopeqdrant.Access{{law, us, docs}}, ""},
		"a reference that may be written":  {[]scopeqdrant.Access{law, docs}, [][]scopeqdrant.Access{{own(law.Collection), docs}}, ""},
		"one that is not ready any longer": {[]scopeqdrant.Access{docs, notes}, [][]scopeqdrant.Access{{docs, notes, own("tenant_acme_old")}}, "0"},
		"nothing":                          {nil, [][]scopeqdrant.Access{{docs}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := offline(t, clocktesting.NewFakeClock(epoch), newTenant("acme"), newTenant("beta"),
				newReference("eu-gdpr", "law"), newReference("us", "law", from(system)), newCorpus("acme", "docs", shared), newCorpus("acme", "notes"),
				newCorpus("acme", "old", ready("False", "Gone")), newCorpus("beta", "files"),
				newMaterial(t, func(m *credential.GatewayMaterial) {
					m.Tokens = nil
					for i, set := range tc.sets {
						m.Tokens = append(m.Tokens, credential.UpstreamToken{Access: set, Token: boundary.Secret(fmt.Sprint(i)), Expires: epoch.Add(1)})
					}
				}))
			acme, err := d.ByTenantID("acme")
			if err != nil {
				t.Fatal(err)
			}
			token, err := d.TokenFor(acme, tc.asked)
			if token.Reveal() != tc.want || (err == nil) != (tc.want != "") {
				t.Errorf("token %q, want %q: %v", token.Reveal(), tc.want, err)
			}
		})
	}
}

func TestUpstream(t *testing.T) {
	mode := func(m tenantryv1.TLSMode) func(*tenantryv1.DataPlane) {
		return func(d *tenantryv1.DataPlane) { d.Spec.Qdrant.TLS = &tenantryv1.TLSSpec{Mode: m} }
	}
	ca := func(pem string) func(*credential.GatewayMaterial) {
		return func(m *credential.GatewayMaterial) { m.CA = []byte(pem) }
	}
	for name, tc := range map[string]struct {
		plane    func(*tenantryv1.DataPlane)
		material func(*credential.GatewayMaterial)
		want     string
	}{
		"by default":          {func(*tenantryv1.DataPlane) {}, ca(""), "system roots"},
		"System":              {mode(tenantryv1.TLSSystem), ca(testCA), "system roots"},
		"Disabled":            {mode(tenantryv1.TLSDisabled), ca(testCA), "plain text"},
		"CA":                  {mode(tenantryv1.TLSCA), ca(testCA), "own roots"},
		"CA without one":      {mode(tenantryv1.TLSCA), ca(""), "NoMaterial"},
		"CA that is no PEM":   {mode(tenantryv1.TLSCA), ca("what"), "NoMaterial"},
		"something to come":   {mode("Mutual"), ca(testCA), "NoMaterial"},
		"Disabled, CA broken": {mode(tenantryv1.TLSDisabled), ca("what"), "plain text"},
	} {
		t.Run(name, func(t *testing.T) {
			d := offline(t, clocktesting.NewFakeClock(epoch), newPlane(tc.plane), newMaterial(t, tc.material))
			u, err := d.Upstream()
			if got := describe(u, err); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func describe(u Upstream, err error) string {
	var e *Error
	switch {
	case errors.As(err, &e):
		return string(e.Problem)
	case u.Address != "qdrant.data:6334":
		return "address " + u.Address
	case u.TLS == nil:
		return "plain text"
	case u.TLS.MinVersion < tls.VersionTLS12 || u.TLS.InsecureSkipVerify:
		return "weak"
	case u.TLS.RootCAs == nil:
		return "system roots"
	}
	return "own roots"
}

// TestUpstreamStaysTheSame, so that connections need not be made anew for every event.
func TestUpstreamStaysTheSame(t *testing.T) {
	d := offline(t, clocktesting.NewFakeClock(epoch))
	before, err := d.Upstream()
	if err != nil {
		t.Fatal(err)
	}
	d.world.put(newTenant("acme"))
	d.rebuild(t.Context())
	if after, _ := d.Upstream(); after.TLS != before.TLS {
		t.Error("a Tenant changed the way to Qdrant")
	}
	d.world.put(newPlane(func(p *tenantryv1.DataPlane) { p.Spec.Qdrant.TLS = &tenantryv1.TLSSpec{Mode: tenantryv1.TLSDisabled} }))
	d.rebuild(t.Context())
	if after, _ := d.Upstream(); after.TLS != nil {
		t.Error("the plane's TLS mode changed nothing")
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no plane":          {Namespace: system},
		"no namespace":      {Plane: planeName},
		"hardly any bound":  {Plane: planeName, Namespace: system, MaxStaleness: 29 * time.Second},
		"negative interval": {Plane: planeName, Namespace: system, ProbeInterval: -1},
	} {
		if _, err := New(&rest.Config{}, o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
