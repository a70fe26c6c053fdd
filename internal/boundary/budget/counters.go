package budget

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// DiffCounters compares the counters of running periods with the ledger, of which they are sums. Both are from one
// snapshot: every call changes both or neither, so that any difference was made by hand.
func DiffCounters(all []Counters) boundary.Diff {
	b := &builder{}
	for _, c := range all {
		problems := c.problems()
		if len(problems) == 0 {
			b.stands()
			continue
		}
		b.do(change{
			phase: boundary.PhaseBuild, tenant: c.TenantID, unit: "budget " + c.TenantID, apart: true, object: "counters of tenant " + c.TenantID,
			kind: boundary.Changed, severity: boundary.Warning, summary: strings.Join(problems, ", ") + "; count anew",
		}, with(rebuild, c.TenantID))
	}
	return b.done()
}

func (c Counters) problems() []string {
	if !c.whole() {
		return []string{"they are not as many as its limits"}
	}
	used, reserved := c.expected()
	var out []string
	for i := range c.Units {
		if c.Used[i] != used[i] {
			out = append(out, fmt.Sprintf("%s used of model %s are %s, and the ledger has %s", c.Units[i], c.Models[i], Amount(c.Units[i], c.Used[i]), Amount(c.Units[i], used[i])))
		}
		if c.Reserved[i] != reserved[i] {
			out = append(out, fmt.Sprintf("%s reserved of model %s are %s, and the ledger has %s", c.Units[i], c.Models[i], Amount(c.Units[i], c.Reserved[i]), Amount(c.Units[i], reserved[i])))
		}
	}
	if c.Open != c.LedgerOpen {
		out = append(out, fmt.Sprintf("open reservations are %d, and the ledger has %d", c.Open, c.LedgerOpen))
	}
	return slices.Clip(out)
}

// expected are the counters as the ledger has them.
func (c Counters) expected() (used, reserved []int64) {
	used, reserved = make([]int64, len(c.Units)), make([]int64, len(c.Units))
	for i, unit := range c.Units {
		for _, s := range c.Ledger {
			switch {
			case c.Models[i] != AllModels && c.Models[i] != s.Model:
			case unit == Tokens:
				used[i], reserved[i] = used[i]+s.Tokens, reserved[i]+s.ReservedTokens
			default:
				used[i], reserved[i] = used[i]+s.Micros, reserved[i]+s.ReservedMicros
			}
		}
	}
	return used, reserved
}
