package budget_test

import (
	"os"
	"testing"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" { // see TestKilled
		child(dsn)
		return
	}
	stacktest.Main(m)
}
