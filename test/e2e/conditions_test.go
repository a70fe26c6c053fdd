package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

type clientObject interface {
	client.Object
	GetConditions() []metav1.Condition
}

// want is what a condition must come to. An empty field is not looked at; Says must be part of the message.
type want struct {
	Type, Status, Reason, Says string
}

func (w want) check(o clientObject) error {
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

func summary(o clientObject) string {
	var b strings.Builder
	for _, c := range o.GetConditions() {
		fmt.Fprintf(&b, "\n  %s=%s %s (generation %d of %d): %s", c.Type, c.Status, c.Reason, c.ObservedGeneration, o.GetGeneration(), c.Message)
	}
	return b.String()
}

// await waits until the object has every wanted condition.
func await[T any, P interface {
	*T
	clientObject
}](t *testing.T, c *cluster, namespace, name string, wants ...want) P {
	t.Helper()
	var last P
	eventually(t, settleWithin, fmt.Sprintf("conditions of %s", name), func(ctx context.Context) error {
		o, err := get[T, P](ctx, c, namespace, name)
		if err != nil {
			return err
		}
		last = o
		for _, w := range wants {
			if err := w.check(o); err != nil {
				return err
			}
		}
		return nil
	})
	return last
}

func awaitTenant(t *testing.T, c *cluster, name string, wants ...want) *tenantryv1.Tenant {
	t.Helper()
	return await[tenantryv1.Tenant](t, c, "", name, wants...)
}

func awaitPlane(t *testing.T, c *cluster, name string, wants ...want) *tenantryv1.DataPlane {
	t.Helper()
	return await[tenantryv1.DataPlane](t, c, "", name, wants...)
}

func awaitCorpus(t *testing.T, c *cluster, namespace, name string, wants ...want) *tenantryv1.Corpus {
	t.Helper()
	return await[tenantryv1.Corpus](t, c, namespace, name, wants...)
}

var ready = want{Type: "Ready", Status: "True"}

// credential reads one issued Secret.
func (c *cluster) credential(t *testing.T, name string) map[string]string {
	t.Helper()
	var s corev1.Secret
	if err := c.Get(t.Context(), types.NamespacedName{Namespace: tenantNamespace, Name: name}, &s); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for k, v := range s.Data {
		out[k] = string(v)
	}
	return out
}
