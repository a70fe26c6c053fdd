package rows

import (
	"fmt"
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
)

// builder collects a Diff.
type builder struct {
	spec   Spec
	tenant string
	diff   boundary.Diff
}

// change is what a step says of itself; its SQL follows it in builder.do.
type change struct {
	phase    boundary.Phase
	unit     string
	object   string
	kind     boundary.Kind
	severity boundary.Severity
	summary  string
}

func (b *builder) do(c change, statements ...Statement) {
	b.op(c, Exec{In: c.unit, Apart: b.tenant == "" && c.unit != PlaneUnit, Statements: statements})
}

func (b *builder) op(c change, op Op) {
	b.diff.Plan = append(b.diff.Plan, boundary.Change{
		Layer: boundary.Rows, Phase: c.phase, Tenant: b.tenant, Object: c.object, Kind: c.kind, Severity: c.severity,
		Summary: c.summary, Op: op,
	})
}

// hazard reports what no change of ours mends.
func (b *builder) hazard(check, object string, severity boundary.Severity, format string, args ...any) {
	b.finding(boundary.Hazard, check, object, severity, format, args...)
}

func (b *builder) finding(kind boundary.Kind, check, object string, severity boundary.Severity, format string, args ...any) {
	b.diff.Hazards = append(b.diff.Hazards, boundary.Finding{
		Layer: boundary.Rows, Tenant: b.tenant, Object: object, Kind: kind, Severity: severity, Check: check,
		Message: fmt.Sprintf(format, args...),
	})
}

// stands counts an object that is as desired.
func (b *builder) stands(ok bool) {
	if ok {
		b.diff.Objects++
	}
}

// done orders the plan and the findings.
func (b *builder) done() boundary.Diff {
	b.diff.Plan.Sort()
	boundary.SortFindings(b.diff.Hazards)
	seen := map[string]bool{} // entries of protect that share a schema find the same things
	b.diff.Hazards = slices.DeleteFunc(b.diff.Hazards, func(f boundary.Finding) bool {
		again := seen[f.ID()]
		seen[f.ID()] = true
		return again
	})
	return b.diff
}

// sql is a statement without arguments.
func sql(format string, args ...any) Statement { return Statement{SQL: fmt.Sprintf(format, args...)} }
