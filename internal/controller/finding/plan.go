package finding

import "github.com/tenantry/tenantry/internal/boundary"

// The API's bounds on a plan in status.
const (
	maxPlanLines = 50
	maxPlanLine  = 512
)

// Plan is a plan as text for status: one line a change, without secrets.
func Plan(p boundary.Plan) []string {
	lines := p.Lines()
	lines = lines[:min(len(lines), maxPlanLines)]
	for i, line := range lines {
		lines[i] = cut(line, maxPlanLine)
	}
	if len(lines) == 0 {
		return nil
	}
	return lines
}
