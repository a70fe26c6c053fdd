package tenant

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/credential"
)

// locked is a namespace whose Secrets may not be read for the moment.
type locked struct {
	client.Client
	shut bool
}

func (l *locked) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if _, ok := o.(*corev1.Secret); ok && l.shut {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, key.Name, errors.New("no right"))
	}
	return l.Client.Get(ctx, key, o, opts...)
}

// revoking is a gatewayRig with one process that goes on, and an id that is revoked.
type revoking struct {
	*gatewayRig
	*locked
	store  *credential.Store
	leaked string
}

func newRevoking(t *testing.T) *revoking {
	t.Helper()
	g := newGatewayRig(t)
	l := &locked{Client: g.client}
	g.client = l
	r := &revoking{gatewayRig: g, locked: l, store: g.store()}
	r.at(t, 0, boundary.Open)
	r.leaked = g.token(t).TokenID
	return r
}

// at takes a turn some time later.
func (r *revoking) at(t *testing.T, later time.Duration, access boundary.Access) {
	t.Helper()
	r.clock.SetTime(r.clock.Now().Add(later))
	if err := r.turnOf(t, r.store, access, true); err != nil {
		t.Fatal(err)
	}
}

func (r *revoking) delete(t *testing.T) {
	t.Helper()
	if err := r.Delete(t.Context(), r.secret(t)); err != nil {
		t.Fatal(err)
	}
}

// decoy is a Secret of somebody else's under the same name.
func (r *revoking) decoy(t *testing.T) {
	t.Helper()
	if err := r.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "acme-gateway"}}); err != nil {
		t.Fatal(err)
	}
}

func (r *revoking) says(t *testing.T, reason string) {
	t.Helper()
	if c := condition.Get(r.tenant, tenantryv1.ConditionCredentialsIssued); c == nil || c.Status != metav1.ConditionFalse || c.Reason != reason {
		t.Errorf("condition %+v, want reason %s", c, reason)
	}
}

// TestADecoyKeepsNothing: whoever may make Secrets in the namespace cannot undo what was revoked.
func TestADecoyKeepsNothing(t *testing.T) {
	r := newRevoking(t)
	r.delete(t)
	r.decoy(t)
	r.at(t, secretMaxAge+1, boundary.Open)
	r.expect(t)
	r.says(t, tenantryv1.ReasonSecretExists)
	r.shut = true // nor by taking the operator's right away next
	r.at(t, time.Minute, boundary.Open)
	r.expect(t)
	r.says(t, tenantryv1.ReasonSecretForbidden)
	r.shut = false
	r.delete(t)
	r.at(t, time.Minute, boundary.Open)
	r.expect(t, r.token(t).TokenID)
	if r.token(t).TokenID == r.leaked {
		t.Error("the same token again")
	}
}

// TestAHeldSecretKeepsNothing: a finalizer keeps a deleted Secret there, and not what it opens.
func TestAHeldSecretKeepsNothing(t *testing.T) {
	r := newRevoking(t)
	s := r.secret(t)
	s.Finalizers = []string{"example.com/hold"}
	if err := r.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	r.delete(t)
	r.at(t, secretMaxAge+1, boundary.Open)
	r.expect(t)
	r.says(t, tenantryv1.ReasonSecretExists)
	s = r.secret(t)
	s.Finalizers = nil
	if err := r.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	r.at(t, time.Minute, boundary.Open)
	if r.token(t).TokenID == r.leaked {
		t.Error("the same token again")
	}
}

// TestAMissingRightKeepsTokensForAWhile, and no longer, whoever restarts the operator meanwhile.
func TestAMissingRightKeepsTokensForAWhile(t *testing.T) {
	for name, restart := range map[string]bool{"one process": false, "restarted": true} {
		t.Run(name, func(t *testing.T) {
			r := newRevoking(t)
			r.shut = true
			r.at(t, secretMaxAge, boundary.Open)
			r.expect(t, r.leaked) // not asked for yet
			r.at(t, 1, boundary.Open)
			began := r.clock.Now()
			condition.Get(r.tenant, tenantryv1.ConditionCredentialsIssued).LastTransitionTime = metav1.NewTime(began)
			for range 15 {
				r.expect(t, r.leaked)
				r.says(t, tenantryv1.ReasonSecretForbidden)
				if restart {
					r.store = r.gatewayRig.store()
				}
				r.at(t, time.Minute, boundary.Open)
			}
			r.expect(t)
			r.says(t, tenantryv1.ReasonSecretForbidden)
			r.shut = false
			r.at(t, time.Minute, boundary.Open)
			r.expect(t, r.leaked) // the Secret was there all the time
			r.shut = true
			r.at(t, secretMaxAge+1, boundary.Open)
			r.expect(t, r.leaked) // a new time
		})
	}
}

// TestTheTokensOwnEndComesFirst where the Secret may not be read.
func TestTheTokensOwnEndComesFirst(t *testing.T) {
	r := newRevoking(t)
	first := r.token(t)
	r.shut = true
	r.at(t, 30*day-time.Minute, boundary.Open)
	r.expect(t, r.leaked)
	r.clock.SetTime(first.Expires)
	r.at(t, 0, boundary.Open)
	r.expect(t)
}

// TestSuspendDeleteWaitActivate is what the documentation advises when a token has leaked. It holds whatever whoever may
// edit the namespace does meanwhile.
func TestSuspendDeleteWaitActivate(t *testing.T) {
	for name, tc := range map[string]struct {
		meanwhile func(*testing.T, *revoking)
		after     string
	}{
		"nothing":         {func(*testing.T, *revoking) {}, ""},
		"a decoy":         {func(t *testing.T, r *revoking) { r.decoy(t) }, tenantryv1.ReasonSecretExists},
		"a missing right": {func(_ *testing.T, r *revoking) { r.shut = true }, tenantryv1.ReasonSecretForbidden},
		"both": {func(t *testing.T, r *revoking) {
			r.decoy(t)
			r.shut = true
		}, tenantryv1.ReasonSecretForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRevoking(t)
			r.at(t, time.Second, boundary.Suspended)
			r.expect(t)
			r.delete(t)
			tc.meanwhile(t, r)
			r.at(t, secretMaxAge+1, boundary.Open)
			if tc.after != "" {
				r.expect(t)
				r.says(t, tc.after)
				return
			}
			r.expect(t, r.token(t).TokenID)
			if r.token(t).TokenID == r.leaked {
				t.Error("the same token again")
			}
		})
	}
}

// TestADeletedSecretIsNotWrittenAgain: a write that falls between the deletion and the next read must not bring the token back,
// be it that the names in the Secret change or that the token is due.
func TestADeletedSecretIsNotWrittenAgain(t *testing.T) {
	for name, change := range map[string]func(*revoking){
		"another address": func(r *revoking) { r.dp.Spec.Gateway.GRPCAddress = "w:6334" },
		"a renewal":       func(r *revoking) { r.clock.SetTime(r.clock.Now().Add(21 * day)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRevoking(t)
			r.store.MaxAge = 30 * day // what was read is believed still
			r.delete(t)
			change(r)
			var gone *credential.GoneError
			if err := r.turnOf(t, r.store, boundary.Open, true); !errors.As(err, &gone) {
				t.Errorf("error = %v", err)
			}
			r.at(t, 0, boundary.Open) // tried again
			r.expect(t, r.token(t).TokenID)
			if r.token(t).TokenID == r.leaked {
				t.Error("the same token again")
			}
		})
	}
}

// TestADecoyBeforeAWrite: what is to be written over is not ours any longer.
func TestADecoyBeforeAWrite(t *testing.T) {
	r := newRevoking(t)
	r.delete(t)
	r.decoy(t)
	r.dp.Spec.Gateway.GRPCAddress = "w:6334"
	for _, verified := range []bool{true, false} { // where nothing is written, what was read before does not come back either
		if err := r.turnOf(t, r.store, boundary.Open, verified); err != nil {
			t.Fatal(err)
		}
		r.expect(t)
		r.says(t, tenantryv1.ReasonSecretExists)
	}
}
