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

// The event triggers that tell of changes, and the channel on which they do.
const (
	TellChanges = "tenantry_tell_changes"
	TellDrops   = "tenantry_tell_drops"
	TellChannel = "tenantry_ddl"
)

//go:embed sql/protect-new-tables.sql
var guardScript string

//go:embed sql/protect_new_table.sql
var guardBody string

//go:embed sql/tell.sql
var tellTemplate string

// SuperuserScript is the SQL that a superuser runs once in the plane's database, and again after an upgrade: the event
// triggers, and the REVOKEs that only a superuser can do. It may be run any number of times.
func SuperuserScript(spec Spec) string {
	return strings.NewReplacer("{{body}}", guardBody, "{{tell}}", tellBody(), "{{trigger}}", GuardTrigger, "{{tell_changes}}", TellChanges,
		"{{tell_drops}}", TellDrops, "{{keep}}", largeObjectGrants(spec)).Replace(guardScript)
}

func tellBody() string { return strings.ReplaceAll(tellTemplate, "{{channel}}", TellChannel) }

// largeObjectGrants give back to the platform's own roles what the script takes from PUBLIC.
func largeObjectGrants(spec Spec) string {
	roles := slices.Compact(slices.Sorted(slices.Values(slices.Concat(spec.AppRoles, spec.MaintenanceRoles))))
	quoted := make([]string, len(roles))
	for i, r := range roles {
		quoted[i] = Literal(r)
	}
	return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
}

func guardDigest(body string) string {
	return FunctionDigest("plpgsql", true, "v", "u", "search_path="+functionPath, "event_trigger", body)
}

// GuardNote says in a sentence how new tables are protected.
func GuardNote(g Guard) string {
	if problem := g.problem(); problem != "" {
		return "New tables are protected by the audit, not in the transaction that makes them: " + problem
	}
	return "New tables are protected in the transaction that makes them, by the event trigger " + GuardTrigger + "."
}

const rerun = "have a superuser run docs/postgres/protect-new-tables.sql in this database"

// problem says why the guard does not do its work, "" where it does.
func (g Guard) problem() string {
	switch {
	case !g.Installed:
		return "the event trigger is not installed; " + rerun + " once."
	case !g.Safe:
		return "the event trigger's function or list does not belong to a superuser alone; " + rerun + " again."
	case g.Digest != guardDigest(guardBody):
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
	d.guardHazards(g)
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

// guardHazards: where nothing was installed, that is how the platform wants it, and a capability says so. What was installed
// is to do its work.
func (d *planeDiff) guardHazards(g Guard) {
	unsafe := func(trigger, problem string) {
		d.hazard("guard-unsafe", "event trigger "+trigger, boundary.Critical, "its function runs in every session that changes the schema, a superuser's too, "+
			"and roles that are no superusers can change it: %s", problem)
	}
	for _, name := range []string{TellChanges, TellDrops} {
		if t, ok := g.tell(name); ok && !t.Safe {
			unsafe(name, rerun+" again.")
		}
	}
	switch problem := g.problem(); {
	case !g.Installed:
	case !g.Safe:
		unsafe(GuardTrigger, problem)
	case problem != "":
		d.hazard("guard-idle", "event trigger "+GuardTrigger, boundary.Warning, "new tables are protected by the audit, not in the transaction that makes them: %s", problem)
	case !g.tells():
		d.hazard("guard-silent", "event trigger "+TellChanges, boundary.Info, "changes made by hand are noticed by the next audit, not within seconds, "+
			"because the event triggers that tell of them are missing, disabled or of another version; new tables are protected all the same: %s again.", rerun)
	}
}

func (g Guard) tell(name string) (Tell, bool) {
	i := slices.IndexFunc(g.Tells, func(t Tell) bool { return t.Name == name })
	if i < 0 {
		return Tell{}, false
	}
	return g.Tells[i], true
}

// tells says whether every change is told.
func (g Guard) tells() bool {
	for name, event := range map[string]string{TellChanges: "ddl_command_end", TellDrops: "sql_drop"} {
		if t, ok := g.tell(name); !ok || !t.Enabled || t.Event != event || t.Digest != guardDigest(tellBody()) {
			return false
		}
	}
	return true
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
