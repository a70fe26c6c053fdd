// Package api tests the resource definitions against a real API server: what must be accepted, what must be refused and
// with which words, what cannot change, and that nothing is changed on the way in.
//
// The manifests are the tests. To add a case, add a file:
//
//   - valid/*.yaml is accepted and stored exactly as written;
//   - invalid/<kind>/<case>.yaml is refused with exactly the messages of its "# want:" lines;
//   - immutable/*.yaml holds an object and an update of it that is refused in the same way;
//   - mutable/*.yaml holds an object and an update of it that is accepted.
package api

import (
	"testing"

	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// newClient talks to the API server of this package's tests. Unknown and duplicate fields are errors, as kubectl has it.
func newClient(t *testing.T) client.Client {
	t.Helper()
	c, err := client.New(stacktest.ControlPlane(t).Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return client.WithFieldValidation(c, "Strict")
}
