package vector

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

// builder gathers the diff of one owner: a tenant, a corpus, or the plane.
type builder struct {
	plane    Plane
	seen     Observed
	now      time.Time
	tenant   string // tenantID for changes and findings, "" for the plane
	diff     boundary.Diff
	problem  *Problem
	conflict *boundary.Conflict
	created  int // dedicated collections in this plan
}

func (p Plane) builder(o Observed, tenant string, now time.Time) *builder {
	return &builder{plane: p, seen: o, now: now, tenant: tenant}
}

func (b *builder) add(
	phase boundary.Phase, object string, kind boundary.Kind, severity boundary.Severity, op boundary.Op, summary string, args ...any,
) {
	text := fmt.Sprintf(summary, args...)
	if call := remedy(op); call != "" {
		text += ": " + call
	}
	b.diff.Plan = append(b.diff.Plan, boundary.Change{
		Layer: boundary.Vector, Phase: phase, Tenant: b.tenant, Object: object, Kind: kind, Severity: severity, Summary: text, Op: op,
	})
}

func (b *builder) hazard(object string, severity boundary.Severity, check, message string, args ...any) {
	b.diff.Hazards = append(b.diff.Hazards, boundary.Finding{
		Layer: boundary.Vector, Tenant: b.tenant, Object: object, Kind: boundary.Hazard, Severity: severity, Check: check,
		Message: fmt.Sprintf(message, args...),
	})
}

// clash remembers the first conflict.
func (b *builder) clash(c *boundary.Conflict) {
	if b.conflict == nil {
		b.conflict = c
	}
}

// finish orders the plan. Where there is a conflict nothing is written except what must be closed, and that comes first:
// a corpus whose name is taken must not keep a revoked collection open.
func (b *builder) finish() (boundary.Diff, *Problem) {
	if b.conflict != nil {
		b.diff.Plan = slices.DeleteFunc(b.diff.Plan, func(c boundary.Change) bool { return c.Phase != boundary.PhaseClose })
		if len(b.diff.Plan) == 0 {
			b.diff.Plan, b.diff.Conflict = nil, b.conflict
		}
	}
	b.diff.Plan.Sort()
	boundary.SortFindings(b.diff.Hazards)
	return b.diff, b.problem
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func object(collection string) string { return "collection " + collection }
