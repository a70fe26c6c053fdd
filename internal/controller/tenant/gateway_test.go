package tenant

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
)

const day = 24 * time.Hour

// gatewayRig issues gateway tokens into Secrets in memory. Every turn is a reconcile by a process that remembers nothing.
type gatewayRig struct {
	client client.Client
	clock  *clocktesting.FakePassiveClock
	plane  *connect.Plane
	tenant *tenantryv1.Tenant
	dp     *tenantryv1.DataPlane
}

func newGatewayRig(t *testing.T) *gatewayRig {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, tenantryv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	reg := &connect.Registry{}
	t.Cleanup(reg.Close)
	g := &gatewayRig{
		client: fake.NewClientBuilder().WithScheme(scheme).Build(),
		clock:  clocktesting.NewFakePassiveClock(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)),
		tenant: newScope().tenant, dp: &tenantryv1.DataPlane{},
	}
	g.plane = reg.Open(connect.Settings{
		Name: "eu-1", Keys: credential.NewPlaneKeys(), Qdrant: &qdrant.Config{Address: "127.0.0.1:1", APIKey: "key"},
	}, g.clock.Now())
	g.tenant.Spec.Credentials = &tenantryv1.CredentialsSpec{Namespace: "team"}
	g.dp.Spec.Gateway = &tenantryv1.GatewaySpec{GRPCAddress: "v:6334"}
	return g
}

// store is that of a process that remembers nothing.
func (g *gatewayRig) store() *credential.Store {
	return &credential.Store{Reader: g.client, Writer: g.client, Clock: g.clock, MaxAge: secretMaxAge}
}

const secretMaxAge = time.Minute

// turn reads what stands, issues where verified, and reports.
func (g *gatewayRig) turn(t *testing.T, verified bool) {
	t.Helper()
	if err := g.turnOf(t, g.store(), boundary.Open, verified); err != nil {
		t.Fatal(err)
	}
}

// turnOf is a turn of a process with a store of its own. It issues only where nothing is wrong with the Secret.
func (g *gatewayRig) turnOf(t *testing.T, store *credential.Store, access boundary.Access, verified bool) error {
	t.Helper()
	s := &scope{tenant: g.tenant, dp: g.dp, plane: g.plane, bindings: map[boundary.Layer]credential.Binding{}}
	s.desired = boundary.Tenant{ID: "acme", UID: "u1", Access: access, Corpora: []boundary.Corpus{{Name: "notes"}}}
	r := &Reconciler{Clock: g.clock, Secrets: store}
	if access == boundary.Open {
		if err := r.readGateway(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if verified && s.credentialErr == nil {
			if err := r.writeGateway(t.Context(), s); err != nil {
				return err
			}
		}
	}
	s.reportCredentials()
	s.reportGateway(g.clock.Now())
	g.tenant.Status.GatewaySecretName = ""
	if s.gateway.binding != nil {
		g.tenant.Status.GatewaySecretName = s.gatewaySecretName().Name
	}
	return nil
}

func (g *gatewayRig) secret(t *testing.T) *corev1.Secret {
	t.Helper()
	var s corev1.Secret
	if err := g.client.Get(t.Context(), types.NamespacedName{Namespace: "team", Name: "acme-gateway"}, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// token is what stands in the Secret, verified.
func (g *gatewayRig) token(t *testing.T) credential.GatewayClaims {
	t.Helper()
	b := credential.Binding(g.secret(t).Data)
	claims, err := credential.VerifyGatewayToken(g.plane.Keys.VerifyKey(), b.Secret().Reveal(), g.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

func (g *gatewayRig) expect(t *testing.T, ids ...string) {
	t.Helper()
	if diff := cmp.Diff(ids, g.tenant.Status.GatewayTokenIDs); diff != "" {
		t.Errorf("ids that count (-want +got):\n%s", diff)
	}
}

// TestGatewayTokenOverlap: a token is replaced when a third of its life is left, stays accepted until its end, and nothing is
// written in between.
func TestGatewayTokenOverlap(t *testing.T) {
	g := newGatewayRig(t)
	g.turn(t, true)
	first, version := g.token(t), g.secret(t).ResourceVersion
	g.expect(t, first.TokenID)
	if first.TenantUID != "u1" || first.Plane != "eu-1" || first.Expires.Sub(g.clock.Now()) != 30*day {
		t.Errorf("claims = %+v", first)
	}
	g.clock.SetTime(first.Issued.Add(20*day - 1))
	if g.turn(t, true); g.secret(t).ResourceVersion != version {
		t.Error("replaced before its time")
	}
	g.clock.SetTime(first.Issued.Add(20 * day))
	g.turn(t, true)
	second := g.token(t)
	g.expect(t, second.TokenID, first.TokenID)
	version = g.secret(t).ResourceVersion
	g.clock.SetTime(first.Expires.Add(-1))
	g.turn(t, true)
	g.expect(t, second.TokenID, first.TokenID)
	g.clock.SetTime(first.Expires)
	g.turn(t, true)
	g.expect(t, second.TokenID)
	g.clock.SetTime(second.Issued.Add(20 * day))
	g.turn(t, true)
	g.expect(t, g.token(t).TokenID, second.TokenID)
	if version == g.secret(t).ResourceVersion {
		t.Error("not replaced a second time")
	}
}

// TestGatewayTokenIsRevokedWithItsSecret: with the one that it replaced, and at once.
func TestGatewayTokenIsRevokedWithItsSecret(t *testing.T) {
	g := newGatewayRig(t)
	g.turn(t, true)
	first := g.token(t).TokenID
	g.clock.SetTime(g.clock.Now().Add(21 * day))
	g.turn(t, true)
	g.expect(t, g.token(t).TokenID, first)
	if err := g.client.Delete(t.Context(), g.secret(t)); err != nil {
		t.Fatal(err)
	}
	g.turn(t, false) // a layer is not verified: the next token waits, the revocation does not
	g.expect(t)
	g.turn(t, true)
	g.expect(t, g.token(t).TokenID)
	if g.token(t).TokenID == first {
		t.Error("the same token again")
	}
}

// TestGatewayTokenAfterACrash: the Secret was written and status was not. The Secret decides.
func TestGatewayTokenAfterACrash(t *testing.T) {
	g := newGatewayRig(t)
	g.turn(t, true)
	want := []string{g.token(t).TokenID}
	for name, old := range map[string][]string{"the first": nil, "after a revocation": {"another"}} {
		g.tenant.Status.GatewayTokenIDs = old
		g.turn(t, true)
		if !slices.Equal(want, g.tenant.Status.GatewayTokenIDs) {
			t.Errorf("%s: %v", name, g.tenant.Status.GatewayTokenIDs)
		}
	}
}

// TestGatewaySecretIsBelievedOnlyIfItVerifies: whatever else stands there is replaced, and its ids do not count.
func TestGatewaySecretIsBelievedOnlyIfItVerifies(t *testing.T) {
	for name, edit := range map[string]func(*gatewayRig, credential.GatewayClaims) credential.GatewayClaims{
		"another tenant": func(_ *gatewayRig, c credential.GatewayClaims) credential.GatewayClaims { c.TenantUID = "u2"; return c },
		"another plane":  func(_ *gatewayRig, c credential.GatewayClaims) credential.GatewayClaims { c.Plane = "eu-2"; return c },
		"it has ended": func(g *gatewayRig, c credential.GatewayClaims) credential.GatewayClaims {
			c.Expires = g.clock.Now()
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGatewayRig(t)
			g.turn(t, true)
			g.clock.SetTime(g.clock.Now().Add(day))
			old := g.token(t)
			forged, err := credential.MintGatewayToken(g.plane.Keys.TokenSigning, edit(g, old))
			if err != nil {
				t.Fatal(err)
			}
			s := g.secret(t)
			s.Data["api-key"] = []byte(forged.Reveal())
			if err := g.client.Update(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			g.turn(t, true)
			if g.token(t).TokenID == old.TokenID {
				t.Error("not replaced")
			}
			g.expect(t, g.token(t).TokenID)
		})
	}
}

// TestPreviousIDIsNoFreePass: what a tenant writes there is at most an id, and not for longer than one can live.
func TestPreviousIDIsNoFreePass(t *testing.T) {
	g := newGatewayRig(t)
	g.turn(t, true)
	s := g.secret(t)
	s.Data["previous-token-id"] = []byte("*")
	if err := g.client.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	g.turn(t, true)
	g.expect(t, g.token(t).TokenID)
	if _, ok := g.secret(t).Data["previous-token-id"]; ok {
		t.Error("not mended")
	}
}

// TestGatewayWanted: the plane has a gateway and a Vector layer, the tenant asks for credentials and has something to reach.
func TestGatewayWanted(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*gatewayRig, *scope)
		want bool
	}{
		"a corpus": {func(*gatewayRig, *scope) {}, true},
		"a reference": {func(_ *gatewayRig, s *scope) {
			s.desired.Corpora, s.desired.References = nil, []string{"reference_eu_law"}
		}, true},
		"nothing to reach":    {func(_ *gatewayRig, s *scope) { s.desired.Corpora = nil }, false},
		"nothing any more":    {func(g *gatewayRig, s *scope) { s.desired.Corpora, g.tenant.Status.GatewaySecretName = nil, "x" }, true},
		"no credentials":      {func(g *gatewayRig, _ *scope) { g.tenant.Spec.Credentials = nil }, false},
		"no gateway":          {func(g *gatewayRig, _ *scope) { g.dp.Spec.Gateway = nil }, false},
		"no layer of vectors": {func(_ *gatewayRig, s *scope) { s.plane = &connect.Plane{} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGatewayRig(t)
			s := &scope{tenant: g.tenant, dp: g.dp, plane: g.plane}
			s.desired.Corpora = []boundary.Corpus{{Name: "notes"}}
			tc.edit(g, s)
			if got := s.gatewayWanted(); got != tc.want {
				t.Errorf("wanted = %v", got)
			}
		})
	}
}

// TestSuspensionEmptiesTheIDs: whatever stands in the Secret. Plan changes nothing, and so does a Secret that cannot be read.
func TestSuspensionEmptiesTheIDs(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*scope)
		want []string
	}{
		"suspended":          {func(s *scope) { s.desired.Access = boundary.Suspended }, nil},
		"being deleted":      {func(s *scope) { s.desired.Access = boundary.Retained }, nil},
		"suspended in Plan":  {func(s *scope) { s.desired.Access, s.tenant.Spec.Mode = boundary.Suspended, "Plan" }, nil},
		"Plan":               {func(s *scope) { s.tenant.Spec.Mode = "Plan" }, []string{"old"}},
		"not readable":       {func(s *scope) { s.gateway.unread = true }, []string{"old"}},
		"the Secret is gone": {func(*scope) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGatewayRig(t)
			s := &scope{tenant: g.tenant, dp: g.dp, plane: g.plane}
			s.desired = boundary.Tenant{Access: boundary.Open, Corpora: []boundary.Corpus{{Name: "notes"}}}
			g.tenant.Status.GatewayTokenIDs = []string{"old"}
			tc.edit(s)
			s.reportGateway(g.clock.Now())
			g.expect(t, tc.want...)
		})
	}
}
