// Package e2e runs the whole operator against real servers: kube-apiserver, PostgreSQL, Redis, and Qdrant (or its
// simulator), with the operator's own ServiceAccount and no right beyond what config/rbac grants.
package e2e

import (
	"os"
	"testing"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

// subprograms are what this binary is instead of tests where a variable of the environment is set.
var subprograms = map[string]func(){envManager: dyingManager}

func TestMain(m *testing.M) {
	for env, run := range subprograms {
		if os.Getenv(env) != "" {
			run()
			return
		}
	}
	stacktest.Main(m)
}
