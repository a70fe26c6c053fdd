package directory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/credential"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	stacktest.Main(m)
}

// live is a real API server with a plane of the test's own.
type live struct {
	client.Client
	t     *testing.T
	cp    *stack.ControlPlane
	plane string
}

// newLive declares a plane with its material and one Tenant, acme, that is served and owns a Corpus, notes.
func newLive(t *testing.T, plane string) *live {
	t.Helper()
	cp := stacktest.ControlPlane(t)
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, tenantryv1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	c, err := client.New(cp.Config, client.Options{Scheme: s})
	if err != nil {
		t.Fatal(err)
	}
	l := &live{c, t, cp, plane}
	for _, name := range []string{system, plane} {
		if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	l.make(newPlane(func(d *tenantryv1.DataPlane) { d.Name = plane }))
	l.make(newMaterial(t, func(m *credential.GatewayMaterial) { m.Plane = plane }), func(o client.Object) {
		o.SetName(credential.GatewayMaterialName(plane))
	})
	l.tenant("acme")
	l.corpus("acme", "notes")
	return l
}

func (l *live) make(o client.Object, edit ...func(client.Object)) {
	l.t.Helper()
	for _, f := range edit {
		f(o)
	}
	o.SetUID("")
	if err := l.Create(l.t.Context(), o); err != nil {
		l.t.Fatalf("create %T %s: %v", o, o.GetName(), err)
	}
}

// tenant makes one whose name and id begin with the plane's, because they are the cluster's.
func (l *live) tenant(name string) {
	l.t.Helper()
	tn := newTenant(l.id(name), func(t *tenantryv1.Tenant) { t.Spec.DataPlane, t.Spec.Namespaces = l.plane, []string{l.plane} })
	status := tn.Status
	l.make(tn)
	l.editStatus(tn, func() { tn.Status = status })
}

func (l *live) id(name string) string { return l.plane + "-" + name }

func (l *live) corpus(tenant, name string) {
	l.t.Helper()
	c := newCorpus(l.id(tenant), name, func(c *tenantryv1.Corpus) { c.Namespace = l.plane })
	status := c.Status
	status.Conditions[0].LastTransitionTime, status.Conditions[0].Message = metav1.Now(), "stands"
	l.make(c)
	l.editStatus(c, func() { c.Status = status })
}

func (l *live) editStatus(o client.Object, change func()) {
	l.t.Helper()
	change()
	if err := l.Status().Update(l.t.Context(), o); err != nil {
		l.t.Fatal(err)
	}
}

// edit changes the Tenant acme.
func (l *live) edit(change func(*tenantryv1.Tenant)) {
	l.t.Helper()
	tn := &tenantryv1.Tenant{}
	if err := l.Get(l.t.Context(), client.ObjectKey{Name: l.id("acme")}, tn); err != nil {
		l.t.Fatal(err)
	}
	before := tn.DeepCopy()
	change(tn)
	if err := l.Patch(l.t.Context(), tn, client.MergeFrom(before)); err != nil {
		l.t.Fatal(err)
	}
}

func (l *live) access(a tenantryv1.TenantAccess) {
	l.t.Helper()
	l.edit(func(t *tenantryv1.Tenant) { t.Spec.Access = a })
}

// gatewayUser may do what a gateway needs and nothing more, without what is named in except.
func (l *live) gatewayUser(except string) *rest.Config {
	l.t.Helper()
	verbs := func(resource string, verbs ...string) []string {
		return slices.DeleteFunc(verbs, func(v string) bool { return except == v+" "+resource })
	}
	name := "gateway-" + l.plane
	l.make(&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"tenantry.dev"}, Resources: []string{"dataplanes"}, Verbs: verbs("dataplanes", "get", "list", "watch")},
		{APIGroups: []string{"tenantry.dev"}, Resources: []string{"tenants"}, Verbs: verbs("tenants", "list", "watch")},
		{APIGroups: []string{"tenantry.dev"}, Resources: []string{"corpora"}, Verbs: verbs("corpora", "list", "watch")},
	}})
	l.make(&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}}})
	l.make(&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: name}, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{credential.GatewayMaterialName(l.plane)},
		Verbs: verbs("secrets", "list", "watch"),
	}}})
	l.make(&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: name},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}}})
	config, err := l.cp.AddUser(name)
	if err != nil {
		l.t.Fatal(err)
	}
	return config
}

// start runs a Directory until the test ends.
func (l *live) start(config *rest.Config, c *clocktesting.FakeClock) *Directory {
	l.t.Helper()
	d, err := New(config, Options{Plane: l.plane, Namespace: system, Clock: c})
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Start(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			l.t.Error(err)
		}
	})
	return d
}

// problem is what the Directory says of acme; "" where it is served.
func (l *live) problem(d *Directory) Problem {
	_, err := d.ByTenantID(l.id("acme"))
	var e *Error
	if errors.As(err, &e) {
		return e.Problem
	}
	return ""
}

func (l *live) await(d *Directory, want Problem) {
	l.t.Helper()
	l.eventually(func() error {
		if got := l.problem(d); got != want {
			return fmt.Errorf("acme: %q, want %q; ready: %w", got, want, d.Ready())
		}
		return nil
	})
}

func (l *live) eventually(check func() error) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			l.t.Fatal(err)
		case <-tick.C:
		}
	}
}

func (l *live) collections(d *Directory) []string {
	r := d.now.Load().records[l.id("acme")]
	if r == nil {
		return nil
	}
	names := map[string]bool{}
	for _, c := range r.config.Collections {
		names[c.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
