package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

// TestInvariant11TwoInstallationsNeverFight: two DataPlanes, or two installations, never write to one server.
func TestInvariant11TwoInstallationsNeverFight(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	t.Run("a second DataPlane of this installation", func(t *testing.T) {
		s.DataPlane(t, c, "eu-2")
		c.AwaitDataPlane(t, "eu-2", harness.Want{Type: "Stalled", Status: "True", Reason: "PlaneOwnedElsewhere", Says: `"eu-1"`},
			harness.Want{Type: "Claimed", Status: "False"})
		c.Make(t, harness.NewTenant("eu-2", "beta"))
		c.AwaitTenant(t, "beta", harness.Want{Type: "Isolated", Status: "Unknown", Reason: "PlaneOwnedElsewhere"},
			harness.Want{Type: "Ready", Status: "False"})
	})
	t.Run("another installation", func(t *testing.T) {
		other := harness.NewCluster(t)
		other.StartOperator(t, operator.Options{})
		s.DataPlane(t, other, "eu-1")
		other.AwaitDataPlane(t, "eu-1", harness.Want{Type: "Stalled", Status: "True"}, harness.Want{Type: "Claimed", Status: "False"})
		dp := other.AwaitDataPlane(t, "eu-1", harness.Want{Type: "Ready", Status: "False"})
		for _, server := range dp.Status.Servers {
			if server.Claimed != "" {
				t.Errorf("%s says it is claimed", server.Layer)
			}
		}
	})
	c.AwaitTenant(t, "acme", harness.Isolated...)
}

// TestKeysAreNeverRemade: without the keys that the plane was claimed with, nothing is written; restored, it goes on.
func TestKeysAreNeverRemade(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	name := types.NamespacedName{Namespace: harness.SystemNamespace, Name: "eu-1-keys"}
	var keys corev1.Secret
	if err := c.Get(t.Context(), name, &keys); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), keys.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "Stalled", Status: "True", Reason: "KeyMismatch", Says: "tenantry-system/eu-1-keys"})
	forged := keys.DeepCopy()
	forged.ResourceVersion, forged.UID = "", ""
	forged.Data = map[string][]byte{}
	for k := range keys.Data {
		forged.Data[k] = make([]byte, 32)
	}
	c.Make(t, forged)
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "Stalled", Status: "True", Reason: "KeyMismatch", Says: "restore"})
	if err := c.Delete(t.Context(), forged); err != nil {
		t.Fatal(err)
	}
	keys.ResourceVersion, keys.UID = "", ""
	c.Make(t, &keys)
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.AwaitTenant(t, "acme", harness.Isolated...)
}

// TestDataPlaneStaysWhileTenantsNameIt.
func TestDataPlaneStaysWhileTenantsNameIt(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	dp, err := harness.Read[tenantryv1.DataPlane](t.Context(), c, "", "eu-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), dp); err != nil {
		t.Fatal(err)
	}
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "Reconciling", Status: "True", Reason: "TenantsRemain", Says: "1 Tenants"})
	acme, _ := harness.Read[tenantryv1.Tenant](t.Context(), c, "", "acme")
	if err := c.Delete(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	c.AwaitGone(t, &tenantryv1.Tenant{}, "", "acme")
	c.AwaitGone(t, &tenantryv1.DataPlane{}, "", "eu-1")
}
