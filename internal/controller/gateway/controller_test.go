package gateway

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/dataplane"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
)

// rig is a reconciler over an API server in memory, with a plane that nobody is connected to.
type rig struct {
	*Reconciler
	clock  *clocktesting.FakePassiveClock
	events *events.FakeRecorder
	plane  *connect.Plane
	writes []string
}

func newRig(t *testing.T, objects ...client.Object) *rig {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, tenantryv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	r := &rig{clock: clocktesting.NewFakePassiveClock(start), events: events.NewFakeRecorder(10)}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithIndex(&tenantryv1.Tenant{}, dataplane.IndexDataPlane, func(o client.Object) []string {
			return []string{o.(*tenantryv1.Tenant).Spec.DataPlane}
		}).
		WithIndex(&tenantryv1.Corpus{}, dataplane.IndexDataPlane, func(o client.Object) []string {
			if ref := o.(*tenantryv1.Corpus).Spec.Reference; ref != nil {
				return []string{ref.DataPlane}
			}
			return nil
		}).
		WithInterceptorFuncs(interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				r.writes = append(r.writes, "create "+o.GetName())
				return c.Create(ctx, o, opts...)
			},
			Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
				r.writes = append(r.writes, "update "+o.GetName())
				return c.Update(ctx, o, opts...)
			},
		}).Build()
	reg := &connect.Registry{}
	t.Cleanup(reg.Close)
	r.plane = reg.Open(connect.Settings{
		Name: "eu-1", Keys: credential.NewPlaneKeys(), Interval: time.Second,
		Qdrant: &qdrant.Config{Address: "127.0.0.1:1", APIKey: "an API key that is long enough", Spec: shared},
	}, start)
	r.plane.Layer(boundary.Vector).SetHealth(nil, false, start)
	r.Reconciler = &Reconciler{
		Client: c, Recorder: r.events, Registry: reg, Clock: r.clock, Namespace: "tenantry-system", Installation: "i1",
	}
	return r
}

func dataPlane(edit ...func(*tenantryv1.DataPlane)) *tenantryv1.DataPlane {
	dp := &tenantryv1.DataPlane{}
	dp.Name, dp.UID = "eu-1", "p1"
	dp.Spec.Qdrant = &tenantryv1.QdrantSpec{Address: "127.0.0.1:1"}
	dp.Spec.Gateway = &tenantryv1.GatewaySpec{GRPCAddress: "v:6334"}
	dp.Status.Servers = []tenantryv1.ServerStatus{{Layer: "Vector", Version: "1.19.0"}}
	for _, f := range edit {
		f(dp)
	}
	return dp
}

func (r *rig) run(t *testing.T) ctrl.Result {
	t.Helper()
	res, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Name: "eu-1"}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// secret returns the plane's Secret, nil where there is none.
func (r *rig) secret(t *testing.T) *corev1.Secret {
	t.Helper()
	var s corev1.Secret
	err := r.Client.Get(t.Context(), types.NamespacedName{Namespace: "tenantry-system", Name: "eu-1-gateway"}, &s)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

func (r *rig) material(t *testing.T) credential.GatewayMaterial {
	t.Helper()
	s := r.secret(t)
	if s == nil {
		t.Fatal("no Secret")
	}
	m, err := credential.ParseGatewayMaterial(s.Data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (r *rig) update(t *testing.T, edit func(*tenantryv1.DataPlane)) {
	t.Helper()
	var dp tenantryv1.DataPlane
	if err := r.Client.Get(t.Context(), types.NamespacedName{Name: "eu-1"}, &dp); err != nil {
		t.Fatal(err)
	}
	edit(&dp)
	if err := r.Client.Update(t.Context(), &dp); err != nil {
		t.Fatal(err)
	}
}

func TestMaterialComesStaysAndGoes(t *testing.T) {
	acme, notes := tenant("acme"), corpus("acme", "notes")
	r := newRig(t, dataPlane(), &acme, &notes)
	if res := r.run(t); res.RequeueAfter != time.Hour {
		t.Errorf("comes back after %s", res.RequeueAfter)
	}
	m, s := r.material(t), r.secret(t)
	if len(m.Tokens) != 1 || m.Plane != "eu-1" || m.Installation != "i1" || m.ServerVersion != "1.19.0" ||
		!m.VerifyKey.Equal(r.plane.Keys.VerifyKey()) || string(m.IDMapping) != string(r.plane.Keys.IDMapping) {
		t.Errorf("material = %+v", m)
	}
	if s.Type != credential.GatewayMaterialType || s.OwnerReferences[0].UID != "p1" {
		t.Errorf("Secret = %s %v", s.Type, s.OwnerReferences)
	}
	if _, usable := s.Labels[tenantryv1.DataPlaneLabel]; usable {
		t.Error("a DataPlane could refer to the material")
	}
	r.writes = nil
	for range 3 {
		r.run(t)
	}
	if len(r.writes) > 0 {
		t.Errorf("a settled plane was written to: %v", r.writes)
	}
	r.clock.SetTime(start.Add(time.Hour))
	if r.run(t); len(r.writes) != 1 || !r.material(t).Issued.Equal(start.Add(time.Hour)) {
		t.Errorf("not renewed: %v", r.writes)
	}
	r.update(t, func(dp *tenantryv1.DataPlane) { dp.Spec.Gateway = nil })
	if r.run(t); r.secret(t) != nil {
		t.Error("the gateway is gone, its material stays")
	}
}

// TestMaterialGoesWithItsPlane: also where the operator did not see it go.
func TestMaterialGoesWithItsPlane(t *testing.T) {
	r := newRig(t, dataPlane())
	r.run(t)
	if err := r.Client.Delete(t.Context(), dataPlane()); err != nil {
		t.Fatal(err)
	}
	if r.run(t); r.secret(t) != nil {
		t.Error("the plane is gone, its material stays")
	}
}

// TestMaterialWaitsForTheServer: nothing is minted for a server that does not answer or is not ours, and what stands, stays.
func TestMaterialWaitsForTheServer(t *testing.T) {
	r := newRig(t, dataPlane())
	vector := r.plane.Layer(boundary.Vector)
	vector.SetHealth(plane.Faultf(plane.OwnedElsewhere, nil, "not ours"), false, start)
	if r.run(t); r.secret(t) != nil {
		t.Fatal("made for a server that is not ours")
	}
	vector.SetHealth(nil, false, start)
	r.run(t)
	vector.SetHealth(plane.Faultf(plane.Unreachable, nil, "away"), false, start)
	r.clock.SetTime(start.Add(3 * time.Hour))
	if r.run(t); !r.material(t).Issued.Equal(start) {
		t.Error("renewed for a server that is away")
	}
	r.Registry.Drop("eu-1")
	if r.run(t); r.secret(t) == nil {
		t.Error("a plane that is not open yet lost its material")
	}
}

// TestForeignSecretIsLeftAlone: said once, and mended by whoever removes it.
func TestForeignSecretIsLeftAlone(t *testing.T) {
	for name, edit := range map[string]func(*corev1.Secret){
		"of another kind": func(s *corev1.Secret) { s.Type = corev1.SecretTypeOpaque },
		"not marked":      func(s *corev1.Secret) { s.Labels = nil },
	} {
		t.Run(name, func(t *testing.T) {
			theirs := &corev1.Secret{Type: credential.GatewayMaterialType, Data: map[string][]byte{"theirs": []byte("x")}}
			theirs.Namespace, theirs.Name = "tenantry-system", "eu-1-gateway"
			theirs.Labels = map[string]string{tenantryv1.ManagedByLabel: tenantryv1.ManagedByValue}
			edit(theirs)
			r := newRig(t, dataPlane(), theirs)
			r.run(t)
			r.run(t)
			if len(r.writes) > 0 || len(r.secret(t).Data) != 1 {
				t.Error("written over a Secret that is not ours")
			}
			if len(r.events.Events) != 1 || !strings.Contains(<-r.events.Events, tenantryv1.ReasonSecretExists) {
				t.Error("want one Event that says so")
			}
			r.update(t, func(dp *tenantryv1.DataPlane) { dp.Spec.Gateway = nil })
			if r.run(t); r.secret(t) == nil {
				t.Error("deleted a Secret that is not ours")
			}
		})
	}
}

// TestSpoiledMaterialIsMended: of an earlier plane of that name, with the label that would let a DataPlane refer to it, or
// unreadable.
func TestSpoiledMaterialIsMended(t *testing.T) {
	for name, edit := range map[string]func(*corev1.Secret){
		"another owner": func(s *corev1.Secret) { s.Annotations[tenantryv1.OwnerUIDAnnotation] = "p0" },
		"labelled":      func(s *corev1.Secret) { s.Labels[tenantryv1.DataPlaneLabel] = "eu-1" },
		"emptied":       func(s *corev1.Secret) { s.Data = nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, dataPlane())
			r.run(t)
			good := r.secret(t)
			bad := good.DeepCopy()
			edit(bad)
			if err := r.Client.Update(t.Context(), bad); err != nil {
				t.Fatal(err)
			}
			r.run(t)
			got := r.secret(t)
			if !maps.Equal(got.Labels, good.Labels) || !maps.Equal(got.Annotations, good.Annotations) {
				t.Errorf("labels %v, annotations %v", got.Labels, got.Annotations)
			}
			r.material(t)
		})
	}
}

func TestCAOfTheMaterial(t *testing.T) {
	withCA := func(dp *tenantryv1.DataPlane) {
		dp.Spec.Qdrant.TLS = &tenantryv1.TLSSpec{Mode: tenantryv1.TLSCA, CASecretRef: &tenantryv1.SecretKeyReference{Name: "ca", Key: "ca.crt"}}
	}
	ca := &corev1.Secret{Data: map[string][]byte{"ca.crt": []byte("pem")}}
	ca.Namespace, ca.Name, ca.Labels = "tenantry-system", "ca", map[string]string{tenantryv1.DataPlaneLabel: "eu-1"}
	r := newRig(t, dataPlane(withCA), ca)
	if r.run(t); string(r.material(t).CA) != "pem" {
		t.Error("the material has no CA")
	}
	other := ca.DeepCopy()
	other.Labels = nil
	r = newRig(t, dataPlane(withCA), other)
	_, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Name: "eu-1"}})
	if err == nil || r.secret(t) != nil {
		t.Error("a Secret without the plane's label was handed to the gateway")
	}
}

// TestLeftOutIsSaidOnce: an Event tells news.
func TestLeftOutIsSaidOnce(t *testing.T) {
	r := newRig(t)
	for _, n := range []int{2, 2, 0, 2} {
		r.warnLeftOut(dataPlane(), n)
	}
	if len(r.events.Events) != 2 {
		t.Errorf("%d Events, want one for each time that it began", len(r.events.Events))
	}
}
