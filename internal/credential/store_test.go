package credential

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// vault is a namespace with one Secret, which may be closed.
type vault struct {
	client.Client
	*Store
	clock *clocktesting.FakePassiveClock
	name  types.NamespacedName
	owner *tenantryv1.Tenant
	shut  bool
}

func newVault(t *testing.T) *vault {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, tenantryv1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	v := &vault{
		Client: fake.NewClientBuilder().WithScheme(s).Build(), clock: clocktesting.NewFakePassiveClock(issued),
		name: types.NamespacedName{Namespace: "team", Name: "acme-gateway"}, owner: &tenantryv1.Tenant{},
	}
	v.owner.Name, v.owner.UID = "acme", "u1"
	v.Store = &Store{Reader: v, Writer: v.Client, Clock: v.clock, MaxAge: time.Minute}
	if err := v.Put(t.Context(), v.name, v.owner, Binding{"password": []byte("p1")}); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *vault) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if v.shut {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, key.Name, errors.New("no right"))
	}
	return v.Client.Get(ctx, key, o, opts...)
}

func (v *vault) secret(t *testing.T) *corev1.Secret {
	t.Helper()
	s := &corev1.Secret{}
	if err := v.Client.Get(t.Context(), v.name, s); err != nil {
		t.Fatal(err)
	}
	return s
}

// read looks past what is remembered.
func (v *vault) read(t *testing.T) (string, error) {
	t.Helper()
	v.clock.SetTime(v.clock.Now().Add(v.MaxAge + 1))
	b, err := v.Store.Get(t.Context(), v.name, v.owner)
	return string(b["password"]), err
}

// TestAGoneSecretIsNotRemembered: once it was seen to be gone, nothing brings back what it held.
func TestAGoneSecretIsNotRemembered(t *testing.T) {
	v := newVault(t)
	v.shut = true
	if got, err := v.read(t); got != "p1" || !IsForbidden(err) {
		t.Errorf("%q, %v; a missing right leaves what was read last", got, err)
	}
	v.shut = false
	if err := v.Client.Delete(t.Context(), v.secret(t)); err != nil {
		t.Fatal(err)
	}
	if got, err := v.read(t); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	v.shut = true
	if got, err := v.read(t); got != "" || !IsForbidden(err) {
		t.Errorf("%q, %v; it was gone before", got, err)
	}
}

// TestForbiddenSince counts from the first refusal without a success in between.
func TestForbiddenSince(t *testing.T) {
	v := newVault(t)
	since := func() time.Time {
		_, err := v.read(t)
		forbidden, ok := errors.AsType[*ForbiddenError](err)
		if !ok {
			return time.Time{}
		}
		return forbidden.Since
	}
	v.shut = true
	first := since()
	if !first.Equal(v.clock.Now()) || !since().Equal(first) {
		t.Errorf("since %s", first)
	}
	v.shut = false
	if at := since(); !at.IsZero() {
		t.Errorf("since %s", at)
	}
	v.shut = true
	if again := since(); !again.Equal(v.clock.Now()) {
		t.Errorf("since %s, not since %s", again, v.clock.Now())
	}
}

// TestPutWritesOverNothingElse than what was read.
func TestPutWritesOverNothingElse(t *testing.T) {
	next := Binding{"password": []byte("p2")}
	for name, tc := range map[string]struct {
		edit  func(*corev1.Secret)
		keeps string
		want  func(error) bool
	}{
		"as it was": {func(*corev1.Secret) {}, "p2", func(err error) bool { return err == nil }},
		"another's": {func(s *corev1.Secret) { s.Annotations = nil }, "p1", func(err error) bool {
			e, ok := errors.AsType[*NotOursError](err)
			return ok && !e.Leaving
		}},
		"held back": {func(s *corev1.Secret) { s.Finalizers = []string{"example.com/hold"} }, "p1", func(err error) bool {
			e, ok := errors.AsType[*NotOursError](err)
			return ok && e.Leaving && Reason(err) == tenantryv1.ReasonSecretExists
		}},
		"gone": {nil, "", func(err error) bool { _, ok := errors.AsType[*GoneError](err); return ok && Reason(err) == "" }},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			s := v.secret(t)
			if tc.edit != nil {
				tc.edit(s)
				if err := v.Update(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			if tc.edit == nil || len(s.Finalizers) > 0 {
				if err := v.Client.Delete(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			if err := v.Put(t.Context(), v.name, v.owner, next); !tc.want(err) {
				t.Errorf("error = %v", err)
			}
			if tc.keeps != "" && string(v.secret(t).Data["password"]) != tc.keeps {
				t.Errorf("it holds %s, want %s", v.secret(t).Data["password"], tc.keeps)
			}
		})
	}
	v := newVault(t)
	if err := v.Client.Delete(t.Context(), v.secret(t)); err != nil {
		t.Fatal(err)
	}
	if err := v.Put(t.Context(), v.name, v.owner, next); err == nil {
		t.Error("written in place of one that was deleted")
	}
	if err := v.Put(t.Context(), v.name, v.owner, next); err != nil || string(v.secret(t).Data["password"]) != "p2" {
		t.Errorf("the second time: %v", err)
	}
}
