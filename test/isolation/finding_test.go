package isolation

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/test/harness"
)

func unchanged(*pgx.ConnConfig) {}

// finding is what to look for among the findings of a plane. An empty field is not looked at; says is part of the message.
type finding struct {
	object, severity, says string
}

func (f finding) in(list []tenantryv1.Finding) bool {
	for _, have := range list {
		if (f.object == "" || have.Object == f.object) && (f.severity == "" || string(have.Severity) == f.severity) && strings.Contains(have.Message, f.says) {
			return true
		}
	}
	return false
}

func render(list []tenantryv1.Finding) string {
	lines := make([]string, len(list))
	for i, f := range list {
		lines[i] = fmt.Sprintf("%s %s %s: %s", f.Severity, f.Kind, f.Object, f.Message)
	}
	return strings.Join(lines, "\n")
}

// awaitFinding waits until the DataPlane shows it.
func (w *world) awaitFinding(t *testing.T, plane string, f finding) {
	t.Helper()
	harness.AwaitThat(t, w.Cluster, "", plane, func(dp *tenantryv1.DataPlane) error {
		if f.in(dp.Status.Findings) {
			return nil
		}
		return fmt.Errorf("no finding %+v among:\n%s", f, render(dp.Status.Findings))
	})
}

// awaitNoFinding waits until the DataPlane does not show it any more.
func (w *world) awaitNoFinding(t *testing.T, plane string, f finding) {
	t.Helper()
	harness.AwaitThat(t, w.Cluster, "", plane, func(dp *tenantryv1.DataPlane) error {
		if !f.in(dp.Status.Findings) {
			return nil
		}
		return fmt.Errorf("still the finding %+v among:\n%s", f, render(dp.Status.Findings))
	})
}
