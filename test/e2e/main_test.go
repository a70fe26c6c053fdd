// Package e2e runs the whole operator against real servers: kube-apiserver, PostgreSQL, Redis, and Qdrant (or its
// simulator), with the operator's own ServiceAccount and no right beyond what config/rbac grants.
package e2e

import (
	"os"
	"testing"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

func TestMain(m *testing.M) {
	if os.Getenv(envManager) != "" {
		dyingManager()
		return
	}
	stacktest.Main(m)
}
