package probe

import (
	"context"
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// asked notes what it is asked to try.
type asked struct {
	plane.Server
	subject trial.Subject
}

func (a *asked) Probe(_ context.Context, s trial.Subject) ([]trial.Attempt, error) {
	a.subject = s
	return nil, errors.New("nothing is tried")
}

// TestWhatIsOpenIsLookedAtInFull, after a restart as well, until it is proved closed.
func TestWhatIsOpenIsLookedAtInFull(t *testing.T) {
	failed := []trial.Attempt{{Layer: boundary.Rows, Words: "reads", Result: trial.Failed}}
	b := NewBook()
	for name, c := range map[string]struct {
		outcome trial.Outcome
		want    bool
	}{
		"fine":    {trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Rows: {{Layer: boundary.Rows, Words: "reads", Result: trial.Passed}}}), false},
		"crossed": {trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Rows: failed}), true},
	} {
		if got := open(c.outcome); got != c.want {
			t.Errorf("%s: open is %t", name, got)
		}
	}
	b.restore(types.UID("u"), failed)
	if o, _ := b.Outcome("u"); !open(o) {
		t.Error("what was seen before a restart is not open")
	}
	server := &asked{}
	l := &connect.Layer{Name: boundary.Rows, Server: server}
	tn := boundary.Tenant{Access: boundary.Open, Credentials: map[boundary.Layer]boundary.Credential{boundary.Rows: {}}}
	for _, whole := range []bool{true, false} {
		subject{tenant: tn, whole: whole}.try(context.Background(), l, nil, 1)
		if server.subject.Whole != whole {
			t.Errorf("asked to look at everything: %t, want %t", server.subject.Whole, whole)
		}
	}
}
