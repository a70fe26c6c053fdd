package e2e

import (
	"slices"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

// TestInvariant02ClosedFirst: of a tenant's changes, none opens anything before every layer was built, and on the way out
// access is closed before anything is removed.
func TestInvariant02ClosedFirst(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var changes []boundary.Change
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{Hooks: planeconnect.Hooks{BeforeChange: func(ch boundary.Change) error {
		mu.Lock()
		defer mu.Unlock()
		if ch.Tenant == "acme" {
			changes = append(changes, ch)
		}
		return nil
	}}})
	taken := func() []boundary.Change {
		mu.Lock()
		defer mu.Unlock()
		out := changes
		changes = nil
		return out
	}
	s.DataPlane(t, c, "eu-1")
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	tn := harness.NewTenant("eu-1", "acme")
	c.Make(t, tn)
	c.AwaitTenant(t, "acme", harness.Isolated...)

	in := taken()
	opened := slices.IndexFunc(in, func(ch boundary.Change) bool { return ch.Phase == boundary.PhaseOpen })
	if opened < 0 {
		t.Fatalf("nothing was opened: %v", boundary.Plan(in).Lines())
	}
	for _, layer := range planeconnect.Order {
		built := slices.IndexFunc(in, func(ch boundary.Change) bool { return ch.Layer == layer && ch.Phase == boundary.PhaseBuild })
		if built < 0 || built > opened {
			t.Errorf("%s was built at %d, and something was opened at %d: %v", layer, built, opened, boundary.Plan(in).Lines())
		}
	}
	c.Remove(t, tn)
	out := taken()
	for _, layer := range []boundary.Layer{boundary.Rows, boundary.Cache} { // what opens the third is a token without a corpus: none
		first := slices.IndexFunc(out, func(ch boundary.Change) bool { return ch.Layer == layer })
		if first < 0 || out[first].Phase != boundary.PhaseClose {
			t.Errorf("%s: the first change on the way out closes nothing: %v", layer, boundary.Plan(out).Lines())
		}
		removed := slices.IndexFunc(out, func(ch boundary.Change) bool { return ch.Layer == layer && ch.Phase == boundary.PhaseRemove })
		last := -1
		for i, ch := range out {
			if ch.Layer == layer && ch.Phase == boundary.PhaseClose {
				last = i
			}
		}
		if removed >= 0 && removed < last {
			t.Errorf("%s: something was removed at %d, before access was closed at %d", layer, removed, last)
		}
	}
}
