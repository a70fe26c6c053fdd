package rows

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// GuardSchema holds the event trigger's function and the list of what it protects. It belongs to a superuser.
const GuardSchema = "tenantry_guard"

// GuardTrigger is the event trigger that protects new tables in the transaction that makes them.
const GuardTrigger = "tenantry_protect_new_tables"

//go:embed sql/protect-new-tables.sql
var guardScript string

//go:embed sql/protect_new_table.sql
var guardBody string

// SuperuserScript is the SQL that a superuser runs once in the plane's database, and again after an upgrade: the event
// trigger, and the REVOKEs that only a superuser can do. It may be run any number of times.
func SuperuserScript(spec Spec) string {
	script := strings.ReplaceAll(guardScript, "{{body}}", guardBody)
	script = strings.ReplaceAll(script, "{{trigger}}", GuardTrigger)
	return strings.ReplaceAll(script, "{{keep}}", largeObjectGrants(spec))
}

// largeObjectGrants give back to the platform's own roles what the script takes from PUBLIC.
func largeObjectGrants(spec Spec) string {
	roles := slices.Compact(slices.Sorted(slices.Values(slices.Concat(spec.AppRoles, spec.MaintenanceRoles))))
	quoted := make([]string, len(roles))
	for i, r := range roles {
		quoted[i] = Literal(r)
	}
	return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
}

func guardDigest() string {
	return FunctionDigest("plpgsql", true, "v", "u", "search_path="+functionPath, "event_trigger", guardBody)
}

// GuardNote says in a sentence how new tables are protected.
func GuardNote(g Guard) string {
	if problem := g.problem(); problem != "" {
		return "New tables are protected by the audit, not in the transaction that makes them: " + problem
	}
	return "New tables are protected in the transaction that makes them, by the event trigger " + GuardTrigger + "."
}

// problem says why the guard does not do its work, "" where it does.
func (g Guard) problem() string {
	const rerun = "have a superuser run docs/postgres/protect-new-tables.sql in this database"
	switch {
	case !g.Installed:
		return "the event trigger is not installed; " + rerun + " once."
	case !g.Safe:
		return "the event trigger's function or list does not belong to a superuser alone; " + rerun + " again."
	case g.Digest != guardDigest():
		return "the event trigger's function is not the one of this version; " + rerun + " again."
	case !g.Enabled:
		return "the event trigger is disabled: ALTER EVENT TRIGGER " + GuardTrigger + " ENABLE."
	case !g.MayList:
		return "the operator may not write " + GuardSchema + ".protected; " + rerun + " again."
	}
	return ""
}

// guard keeps the list that the event trigger reads equal to the spec.
func (d *planeDiff) guard() {
	g := d.have.Guard
	if g.Installed && !g.Safe {
		d.hazard("guard-unsafe", "event trigger "+GuardTrigger, boundary.Critical, "its function runs in every session that makes a table, a superuser's too, and roles that are "+
			"no superusers can change it: %s", g.problem())
	}
	if !g.Installed || g.problem() != "" {
		return
	}
	want := d.spec.guardList()
	if slices.Equal(want, g.List) {
		d.stands(true)
		return
	}
	statements := []Statement{sql("DELETE FROM %s.protected", GuardSchema)}
	for _, e := range want {
		statements = append(statements, Statement{
			SQL:  fmt.Sprintf("INSERT INTO %s.protected (schema_name, table_name, tenant_column) VALUES ($1, $2, $3)", GuardSchema),
			Args: []any{e.Schema, e.Table, e.Column},
		})
	}
	d.do(d.step(boundary.PhaseBuild, "event trigger "+GuardTrigger, boundary.Changed, boundary.Warning, "its list differs from what protect enforces; write it"), statements...)
}

// guardList is sorted as snapshots are.
func (s Spec) guardList() []GuardEntry {
	var out []GuardEntry
	for _, p := range s.Protect {
		for _, t := range p.Tables {
			if p.enforced() {
				out = append(out, GuardEntry{p.Schema, t, p.TenantColumn})
			}
		}
	}
	slices.SortFunc(out, func(a, b GuardEntry) int {
		return strings.Compare(a.Schema+"\x00"+a.Table+"\x00"+a.Column, b.Schema+"\x00"+b.Table+"\x00"+b.Column)
	})
	return slices.Compact(out)
}
