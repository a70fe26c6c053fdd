package stacktest

import (
	"context"
	"testing"

	"github.com/tenantry/tenantry/hack/stack"
)

// ControlPlane returns the Kubernetes API server that the tests of this process share, with Tenantry's resource
// definitions installed. Cluster-scoped objects are seen by all: give them random names and delete them.
func ControlPlane(t testing.TB) *stack.ControlPlane {
	t.Helper()
	return shared(t, "controlplane", func() (*stack.ControlPlane, error) {
		return stack.StartControlPlane(context.Background(), stack.ControlPlaneOptions{})
	})
}

// NewControlPlane starts an API server for this test alone.
func NewControlPlane(t testing.TB, opts stack.ControlPlaneOptions) *stack.ControlPlane {
	t.Helper()
	return private(t, func() (*stack.ControlPlane, error) { return stack.StartControlPlane(t.Context(), opts) })
}
