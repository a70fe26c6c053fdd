package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/operator"
)

// TestPlaneOwnership: two DataPlanes, or two installations, never write to one server.
func TestPlaneOwnership(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	t.Run("a second DataPlane of this installation", func(t *testing.T) {
		s.dataPlane(t, c, "eu-2")
		awaitPlane(t, c, "eu-2", want{Type: "Stalled", Status: "True", Reason: "PlaneOwnedElsewhere", Says: `"eu-1"`},
			want{Type: "Claimed", Status: "False"})
		c.create(t, newTenant("eu-2", "beta"))
		awaitTenant(t, c, "beta", want{Type: "Isolated", Status: "Unknown", Reason: "PlaneOwnedElsewhere"}, want{Type: "Ready", Status: "False"})
	})
	t.Run("another installation", func(t *testing.T) {
		other := newCluster(t)
		other.startOperator(t, operator.Options{})
		s.dataPlane(t, other, "eu-1")
		awaitPlane(t, other, "eu-1", want{Type: "Stalled", Status: "True"}, want{Type: "Claimed", Status: "False"})
		dp := awaitPlane(t, other, "eu-1", want{Type: "Ready", Status: "False"})
		for _, server := range dp.Status.Servers {
			if server.Claimed != "" {
				t.Errorf("%s says it is claimed", server.Layer)
			}
		}
	})
	awaitTenant(t, c, "acme", isolated...)
}

// TestKeysAreNeverRemade: without the keys that the plane was claimed with, nothing is written; restored, it goes on.
func TestKeysAreNeverRemade(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	name := types.NamespacedName{Namespace: systemNamespace, Name: "eu-1-keys"}
	var keys corev1.Secret
	if err := c.Get(t.Context(), name, &keys); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), keys.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	awaitPlane(t, c, "eu-1", want{Type: "Stalled", Status: "True", Reason: "KeyMismatch", Says: "tenantry-system/eu-1-keys"})
	forged := keys.DeepCopy()
	forged.ResourceVersion, forged.UID = "", ""
	forged.Data = map[string][]byte{}
	for k := range keys.Data {
		forged.Data[k] = make([]byte, 32)
	}
	c.create(t, forged)
	awaitPlane(t, c, "eu-1", want{Type: "Stalled", Status: "True", Reason: "KeyMismatch", Says: "restore"})
	if err := c.Delete(t.Context(), forged); err != nil {
		t.Fatal(err)
	}
	keys.ResourceVersion, keys.UID = "", ""
	c.create(t, &keys)
	awaitPlane(t, c, "eu-1", ready)
	awaitTenant(t, c, "acme", isolated...)
}

// TestDataPlaneStaysWhileTenantsNameIt.
func TestDataPlaneStaysWhileTenantsNameIt(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	dp, err := get[tenantryv1.DataPlane](t.Context(), c, "", "eu-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), dp); err != nil {
		t.Fatal(err)
	}
	awaitPlane(t, c, "eu-1", want{Type: "Reconciling", Status: "True", Reason: "TenantsRemain", Says: "1 Tenants"})
	acme, _ := get[tenantryv1.Tenant](t.Context(), c, "", "acme")
	if err := c.Delete(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	c.awaitGone(t, &tenantryv1.Tenant{}, "", "acme")
	c.awaitGone(t, &tenantryv1.DataPlane{}, "", "eu-1")
}
