package e2e

import (
	"testing"

	"github.com/tenantry/tenantry/internal/operator"
)

// TestFirstTenant is the main job: from manifests to a boundary in every layer and credentials that work.
func TestFirstTenant(t *testing.T) {
	t.Parallel()
	c, s := newCluster(t), newServers(t)
	c.startOperator(t, operator.Options{})
	s.dataPlane(t, c, "eu-1")
	awaitPlane(t, c, "eu-1", ready, want{Type: "Claimed", Status: "True"})

	c.create(t, newTenant("eu-1", "acme"))
	c.create(t, newCorpus("acme", "notes"))
	awaitCorpus(t, c, tenantNamespace, "notes", ready)
	tn := awaitTenant(t, c, "acme", ready, want{Type: "Isolated", Status: "True"}, want{Type: "CredentialsIssued", Status: "True", Reason: "Issued"})
	if tn.Status.TenantID != "acme" {
		t.Errorf("tenantID = %q", tn.Status.TenantID)
	}

	conn := connect(t, c.credential(t, "acme-postgres")["uri"])
	if _, err := conn.Exec(t.Context(), `INSERT INTO documents (tenant_id, body) VALUES ('acme', 'hello')`); err != nil {
		t.Errorf("insert own row: %v", err)
	}
}
