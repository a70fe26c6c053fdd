package postgres_test

import (
	"testing"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }
