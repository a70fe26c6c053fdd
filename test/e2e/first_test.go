package e2e

import (
	"testing"

	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

// TestFirstTenant is the main job: from manifests to a boundary in every layer and credentials that work.
func TestFirstTenant(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1")
	c.AwaitDataPlane(t, "eu-1", harness.Ready, harness.Want{Type: "Claimed", Status: "True"})

	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.Make(t, harness.NewCorpus("acme", "notes"))
	c.AwaitCorpus(t, harness.TenantNamespace, "notes", harness.Ready)
	tn := c.AwaitTenant(t, "acme", harness.Ready, harness.Want{Type: "Isolated", Status: "True"},
		harness.Want{Type: "CredentialsIssued", Status: "True", Reason: "Issued"})
	if tn.Status.TenantID != "acme" {
		t.Errorf("tenantID = %q", tn.Status.TenantID)
	}

	conn := harness.Connect(t, c.Credential(t, "acme-postgres")["uri"])
	if _, err := conn.Exec(t.Context(), `INSERT INTO documents (tenant_id, body) VALUES ('acme', 'hello')`); err != nil {
		t.Errorf("insert own row: %v", err)
	}
}
