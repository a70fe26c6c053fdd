package budget

import (
	"fmt"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// builder collects a Diff.
type builder struct{ diff boundary.Diff }

// change is what a step says of itself.
type change struct {
	phase  boundary.Phase
	tenant string
	unit   string
	// apart: nothing else rests on the unit.
	apart    bool
	object   string
	kind     boundary.Kind
	severity boundary.Severity
	summary  string
}

func (b *builder) do(c change, statements ...rows.Statement) {
	b.diff.Plan = append(b.diff.Plan, boundary.Change{
		Layer: boundary.Budget, Phase: c.phase, Tenant: c.tenant, Object: c.object, Kind: c.kind, Severity: c.severity, Summary: c.summary,
		Op: rows.Exec{In: c.unit, Apart: c.apart, Statements: statements},
	})
}

func (b *builder) hazard(check, object string, severity boundary.Severity, format string, args ...any) {
	b.diff.Hazards = append(b.diff.Hazards, boundary.Finding{
		Layer: boundary.Budget, Object: object, Kind: boundary.Hazard, Severity: severity, Check: check, Message: fmt.Sprintf(format, args...),
	})
}

func (b *builder) stands() { b.diff.Objects++ }

func (b *builder) done() boundary.Diff {
	b.diff.Plan.Sort()
	boundary.SortFindings(b.diff.Hazards)
	return b.diff
}

func sql(format string, args ...any) rows.Statement {
	return rows.Statement{SQL: fmt.Sprintf(format, args...)}
}

func with(text string, args ...any) rows.Statement { return rows.Statement{SQL: text, Args: args} }
