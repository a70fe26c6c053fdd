package rows

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// definers: functions that run with the rights of their owner, whoever calls them.
func (d *planeDiff) definers() {
	protected := map[uint32]string{}
	for _, t := range d.targets() {
		protected[t.OID] = t.display()
	}
	for _, f := range d.have.Definers {
		if len(f.Callers) > 0 {
			d.callable(f, firstOf(protected, f.Reads))
			d.path(f)
		}
		if fires := firstOf(protected, f.Fires); f.Exempt && fires != "" {
			d.fired(f, fires, firstOf(protected, f.Reads))
		}
	}
}

func firstOf(names map[uint32]string, oids []uint32) string {
	for _, oid := range oids {
		if names[oid] != "" {
			return names[oid]
		}
	}
	return ""
}

// callable: one that names a protected table is a way to its rows; of the others only what they may do is known.
func (d *planeDiff) callable(f Definer, reads string) {
	object := "function " + strings.ReplaceAll(f.Name, `"`, "")
	remedy := "REVOKE EXECUTE ON FUNCTION " + f.Name + " FROM " + granteesSQL(f.Grantees) + "; or ALTER FUNCTION " + f.Name + " SECURITY INVOKER"
	switch {
	case !f.Exempt:
	case reads != "":
		d.hazard("definer-reads", object, d.severityFor(f.Callers), "it names %s and runs with the rights of %s, whom row-level security does not hold, and %s may call it: %s",
			reads, f.Owner, grantees(f.Grantees), remedy)
	case f.Dynamic:
		d.hazard("definer-could-read", object, boundary.Warning, "it runs with the rights of %s, whom row-level security does not hold, and makes statements that cannot be looked into, "+
			"and %s may call it: %s", f.Owner, grantees(f.Grantees), remedy)
	default:
		d.hazard("definer-exempt", object, boundary.Info, "it runs with the rights of %s, whom row-level security does not hold, and %s may call it; its text names no protected table, "+
			"but what it calls may: %s", f.Owner, grantees(f.Grantees), remedy)
	}
}

// path: a function that looks names up where its caller says runs its caller's objects with its owner's rights. pg_temp comes
// first where a path does not name it, for tables and types.
func (d *planeDiff) path(f Definer) {
	object := "function " + strings.ReplaceAll(f.Name, `"`, "")
	parts := strings.Split(f.Path, ",")
	last := strings.Trim(parts[len(parts)-1], ` "`)
	temporary := slices.Contains(d.publicOnDatabase(), "TEMPORARY") && last != "pg_temp" && f.Path != `""` && f.Path != ""
	severity := boundary.Info
	if slices.Contains(f.Callers, GroupName(d.spec)) {
		severity = boundary.Warning
	}
	switch {
	case f.Path == "-":
		d.hazard("definer-search-path", object, severity, "it runs with the rights of %s and looks names up where its caller says, who can put objects of his own there: "+
			"ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp; and qualify the names in it", f.Owner, f.Name)
	case temporary:
		d.hazard("definer-search-path", object, severity, "it runs with the rights of %s, and its search_path does not end with pg_temp, so that a temporary table of its caller stands in "+
			"for its own: ALTER FUNCTION %s SET search_path = %s, pg_temp", f.Owner, f.Name, idents(schemasOf(parts)))
	}
}

// schemasOf are the names of a search_path. Its text is whatever the function's owner set, and goes into a statement for a superuser.
func schemasOf(parts []string) []string {
	out := make([]string, 0, len(parts))
	for _, p := range parts {
		out = append(out, strings.Trim(p, ` "`))
	}
	return out
}

// fired: a trigger's function sees one row, and can do all that its owner can.
func (d *planeDiff) fired(f Definer, on, reads string) {
	object := "function " + strings.ReplaceAll(f.Name, `"`, "")
	severity, why := boundary.Info, "its text names no protected table"
	switch {
	case reads != "":
		severity, why = boundary.Warning, "it names "+reads
	case f.Dynamic:
		severity, why = boundary.Warning, "it makes statements that cannot be looked into"
	}
	d.hazard("trigger-definer", object, severity, "a trigger on %s runs it with the rights of %s, whom row-level security does not hold; %s: ALTER FUNCTION %s SECURITY INVOKER; "+
		"or give it to a role that policies hold", on, f.Owner, why, f.Name)
}

// functions that mislead the planner.
func (d *planeDiff) misleading() {
	for _, name := range d.have.Around.Leakproof {
		d.hazard("leakproof-function", "function "+strings.ReplaceAll(name, `"`, ""), boundary.Warning, "it is marked LEAKPROOF, so that it is called on rows of all tenants before policies "+
			"take them out; if it tells anything about its arguments, it tells of every tenant: ALTER FUNCTION %s NOT LEAKPROOF", name)
	}
	for _, name := range d.have.Around.Immutable {
		d.hazard("immutable-context", "function "+strings.ReplaceAll(name, `"`, ""), boundary.Warning, "it is marked IMMUTABLE and reads a setting or the tenant, so that a plan made for one tenant "+
			"serves its answer to the next: ALTER FUNCTION %s STABLE", name)
	}
}
