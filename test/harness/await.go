package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// SettleWithin bounds every wait. It is generous: machines that run tests are slow, and no test measures time.
const SettleWithin = 60 * time.Second

// Object is a resource with conditions.
type Object interface {
	client.Object
	GetConditions() []metav1.Condition
}

// Want is what a condition must come to. An empty field is not looked at; Says must be part of the message.
type Want struct {
	Type, Status, Reason, Says string
}

var (
	// Ready is the condition that every kind has.
	Ready = Want{Type: "Ready", Status: "True"}
	// Isolated is a Tenant whose boundary stands and whose credentials are out.
	Isolated = []Want{Ready, {Type: "Isolated", Status: "True"}, {Type: "CredentialsIssued", Status: "True", Reason: "Issued"}}
	// Suspended is a Tenant that was verified to be closed.
	Suspended = []Want{{Type: "Ready", Status: "True", Reason: "Suspended"}, {Type: "CredentialsIssued", Status: "False", Reason: "Revoked"}}
)

// Check says why the object's condition is not as wanted.
func (w Want) Check(o Object) error {
	c := meta.FindStatusCondition(o.GetConditions(), w.Type)
	switch {
	case c == nil:
		return fmt.Errorf("%s: no condition %s among %s", o.GetName(), w.Type, summary(o))
	case w.Status != "" && string(c.Status) != w.Status, w.Reason != "" && c.Reason != w.Reason, !strings.Contains(c.Message, w.Says),
		c.ObservedGeneration != o.GetGeneration():
		return fmt.Errorf("%s: want %+v, all conditions: %s", o.GetName(), w, summary(o))
	}
	return nil
}

func summary(o Object) string {
	var b strings.Builder
	for _, c := range o.GetConditions() {
		fmt.Fprintf(&b, "\n  %s=%s %s (generation %d of %d): %s", c.Type, c.Status, c.Reason, c.ObservedGeneration, o.GetGeneration(), c.Message)
	}
	return b.String()
}

// object is a pointer to a kind with conditions.
type object[T any] interface {
	*T
	Object
}

// Read returns an object by its name.
func Read[T any, P object[T]](ctx context.Context, c *Cluster, namespace, name string) (P, error) {
	var o T
	err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, P(&o))
	return &o, err
}

// AwaitThat waits until check passes on the object, and returns it.
func AwaitThat[T any, P object[T]](t testing.TB, c *Cluster, namespace, name string, check func(P) error) P {
	t.Helper()
	var last P
	Eventually(t, SettleWithin, "state of "+name, func(ctx context.Context) (err error) {
		if last, err = Read[T, P](ctx, c, namespace, name); err != nil {
			return err
		}
		return check(last)
	})
	return last
}

// Await waits until the object has every wanted condition.
func Await[T any, P object[T]](t testing.TB, c *Cluster, namespace, name string, wants ...Want) P {
	t.Helper()
	return AwaitThat(t, c, namespace, name, func(o P) error {
		for _, w := range wants {
			if err := w.Check(o); err != nil {
				return err
			}
		}
		return nil
	})
}

// AwaitTenant waits for conditions of a Tenant.
func (c *Cluster) AwaitTenant(t testing.TB, name string, wants ...Want) *tenantryv1.Tenant {
	t.Helper()
	return Await[tenantryv1.Tenant](t, c, "", name, wants...)
}

// AwaitDataPlane waits for conditions of a DataPlane.
func (c *Cluster) AwaitDataPlane(t testing.TB, name string, wants ...Want) *tenantryv1.DataPlane {
	t.Helper()
	return Await[tenantryv1.DataPlane](t, c, "", name, wants...)
}

// AwaitCorpus waits for conditions of a Corpus.
func (c *Cluster) AwaitCorpus(t testing.TB, namespace, name string, wants ...Want) *tenantryv1.Corpus {
	t.Helper()
	return Await[tenantryv1.Corpus](t, c, namespace, name, wants...)
}

// AwaitGone waits until an object is gone.
func (c *Cluster) AwaitGone(t testing.TB, o client.Object, namespace, name string) {
	t.Helper()
	Eventually(t, SettleWithin, fmt.Sprintf("%T %s gone", o, name), func(ctx context.Context) error {
		err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if with, ok := o.(Object); ok {
			return fmt.Errorf("still there: %s", summary(with))
		}
		return errNotYet
	})
}

// Update edits an object, again where it was edited in between.
func Update[T any, P object[T]](t testing.TB, c *Cluster, namespace, name string, edit func(P)) {
	t.Helper()
	Eventually(t, SettleWithin, "update of "+name, func(ctx context.Context) error {
		o, err := Read[T, P](ctx, c, namespace, name)
		if err != nil {
			return err
		}
		before, ok := o.DeepCopyObject().(client.Object)
		if !ok {
			return fmt.Errorf("%T is no object of the API", o)
		}
		edit(o)
		return c.Patch(ctx, o, client.MergeFrom(before))
	})
}

var errNotYet = errors.New("not yet")

// Eventually polls until check returns nil, and fails with its last answer.
func Eventually(t testing.TB, within time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last := errNotYet
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil { // the end of the wait says nothing of what was waited for
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s: %v", what, within, last)
		case <-tick.C:
		}
	}
}
