package e2e

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

// documents is the application's table.
const documents = `CREATE TABLE documents
	(id bigint GENERATED ALWAYS AS IDENTITY, tenant_id text NOT NULL, body text, PRIMARY KEY (tenant_id, id))`

// newServers are servers of one test, with a table documents; the PostgreSQL behind the database serves all tests.
func newServers(t *testing.T) *harness.Servers {
	t.Helper()
	return harness.NewServers(t, stacktest.Postgres(t), documents)
}

// settled makes a plane with one settled tenant that has a dedicated corpus.
func settled(t *testing.T, o operator.Options) (*harness.Cluster, *harness.Servers) {
	t.Helper()
	s := newServers(t)
	return settledOn(t, s, o), s
}

// settledOn is settled on given servers.
func settledOn(t *testing.T, s *harness.Servers, o operator.Options) *harness.Cluster {
	t.Helper()
	c := harness.NewCluster(t)
	c.StartOperator(t, o)
	s.DataPlane(t, c, "eu-1")
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.Make(t, harness.NewCorpus("acme", "notes"))
	c.AwaitCorpus(t, harness.TenantNamespace, "notes", harness.Ready)
	c.AwaitTenant(t, "acme", harness.Isolated...)
	awaitSecret(t, c, "acme-qdrant")
	return c
}

func awaitSecret(t *testing.T, c *harness.Cluster, name string) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, "Secret "+name, func(ctx context.Context) error {
		return c.Get(ctx, types.NamespacedName{Namespace: harness.TenantNamespace, Name: name}, &corev1.Secret{})
	})
}
