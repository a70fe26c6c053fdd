package budget

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// rebuild counts anew from the ledger. The tenant's row is locked by it.
const rebuild = "SELECT tenantry.budget_rebuild($1)"

// DiffTenant compares a tenant's limits with the row that stands, nil where none does. What was used stays counted,
// whatever changes: where the limits or the period become others, it is counted anew from the ledger. It fails where the
// budget cannot be carried out at all.
func DiffTenant(want Budget, have *TenantState) (boundary.Diff, error) {
	if err := want.Validate(); err != nil {
		return boundary.Diff{}, err
	}
	want = want.normal()
	b := &builder{}
	c := change{
		phase: boundary.PhaseBuild, tenant: want.TenantID, unit: "budget " + want.TenantID, object: "budget of tenant " + want.TenantID,
		kind: boundary.Changed, severity: boundary.Warning,
	}
	switch changes := differences(want, have); {
	case have == nil:
		c.kind, c.summary = boundary.Missing, "it does not stand; write it"
		b.do(c, insert(want), with(rebuild, want.TenantID))
	case len(changes) == 0:
		b.stands()
	case countsOther(want, *have):
		c.summary = strings.Join(changes, ", ") + "; write it, and count anew what was used"
		b.do(c, replace(want), with("DELETE FROM tenantry.budget_marks WHERE tenant_id = $1", want.TenantID), with(rebuild, want.TenantID))
	default:
		c.summary = strings.Join(changes, ", ") + "; write it"
		b.do(c, overwrite(want))
	}
	return b.done(), nil
}

// differences are what makes the row another one than wanted, in words.
func differences(want Budget, have *TenantState) []string {
	if have == nil {
		return []string{"missing"}
	}
	var out []string
	say := func(differ bool, format string, args ...any) {
		if differ {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	units, models, amounts := want.arrays()
	say(have.UID != want.UID, "it is another AIBudget's")
	say(have.Tier != want.Tier, "its tier is %s, not %s", have.Tier, want.Tier)
	say(have.Period != want.Period, "its period is %s, not %s", have.Period, want.Period)
	say(have.TimeZone != want.TimeZone, "its time zone is %s, not %s", have.TimeZone, want.TimeZone)
	say(have.Enforcement != want.Enforcement, "its enforcement is %s, not %s", have.Enforcement, want.Enforcement)
	say(have.DegradePercent != want.DegradePercent, "it degrades at %d percent, not %d", have.DegradePercent, want.DegradePercent)
	sameLimits := have.whole() && slices.Equal(units, have.Units) && slices.Equal(models, have.Models)
	say(!sameLimits, "its limits are for other units or models")
	for i := range amounts {
		say(sameLimits && amounts[i] != have.Amounts[i], "its limit in %s for model %s is %s, not %s", units[i], models[i],
			Amount(units[i], safe(have.Amounts, i)), Amount(units[i], amounts[i]))
	}
	say(!have.Calendar && have.Period == want.Period && have.TimeZone == want.TimeZone, "its bounds are no calendar period")
	return out
}

func safe(list []int64, i int) int64 {
	if i < len(list) {
		return list[i]
	}
	return 0
}

// countsOther: the counters that stand are not those of the wanted limits.
func countsOther(want Budget, have TenantState) bool {
	units, models, _ := want.arrays()
	return !have.whole() || !have.Calendar || have.Period != want.Period || have.TimeZone != want.TimeZone ||
		!slices.Equal(units, have.Units) || !slices.Equal(models, have.Models)
}

const zeros = "array_fill(0::bigint, ARRAY[cardinality($8::text[])])"

func arguments(b Budget) []any {
	units, models, amounts := b.arrays()
	var degrade any
	if b.DegradePercent > 0 {
		degrade = b.DegradePercent
	}
	return []any{b.TenantID, b.UID, b.Tier, b.Period, b.TimeZone, b.Enforcement, degrade, units, models, amounts}
}

func insert(b Budget) rows.Statement {
	return rows.Statement{
		SQL: "INSERT INTO tenantry.tenant_budgets AS t (tenant_id, uid, tier, period, time_zone, enforcement, degrade_percent, units, models, amounts, used, reserved, " +
			"period_start, period_end) SELECT c.tenant_id, $2, $3, $4::text, $5::text, $6, $7::integer, $8::text[], $9::text[], $10::bigint[], " + zeros + ", " + zeros + ", " +
			"p.period_start, p.period_end FROM tenantry.claims c, tenantry.budget_period(tenantry.budget_now(), $4::text, $5::text) p " +
			"WHERE c.tenant_id = $1 AND NOT c.tombstone ON CONFLICT (tenant_id) DO NOTHING",
		Args:      arguments(b),
		Otherwise: fmt.Sprintf("tenantID %q is not claimed in the database yet, or its budget was written by somebody else in the meantime", b.TenantID),
	}
}

func replace(b Budget) rows.Statement {
	return rows.Statement{
		SQL: "UPDATE tenantry.tenant_budgets t SET uid = $2, tier = $3, period = $4::text, time_zone = $5::text, enforcement = $6, degrade_percent = $7::integer, " +
			"units = $8::text[], models = $9::text[], amounts = $10::bigint[], used = " + zeros + ", reserved = " + zeros + ", " +
			"period_start = p.period_start, period_end = p.period_end FROM tenantry.budget_period(tenantry.budget_now(), $4::text, $5::text) p WHERE t.tenant_id = $1",
		Args: arguments(b), Otherwise: gone(b.TenantID),
	}
}

func overwrite(b Budget) rows.Statement {
	_, _, amounts := b.arrays()
	args := slices.Concat(arguments(b)[:7], []any{amounts})
	return rows.Statement{
		SQL: "UPDATE tenantry.tenant_budgets t SET uid = $2, tier = $3, period = $4, time_zone = $5, enforcement = $6, degrade_percent = $7::integer, " +
			"amounts = $8::bigint[] WHERE t.tenant_id = $1",
		Args: args, Otherwise: gone(b.TenantID),
	}
}

func gone(tenant string) string {
	return fmt.Sprintf("the budget of tenant %q is gone; it is looked at again", tenant)
}
