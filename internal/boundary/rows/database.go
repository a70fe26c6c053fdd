package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// database takes CONNECT and TEMPORARY from PUBLIC, having given them by name to every role that uses the database. It
// changes nothing while no table is enforced: a plane that only reports stays as it was found.
func (d *planeDiff) database() {
	s := d.have.Server
	object := "database " + s.Database
	public := d.publicOnDatabase()
	if len(public) == 0 {
		d.stands(true)
		d.unreachable(object)
		return
	}
	users := slices.DeleteFunc(slices.Clone(s.Users), func(name string) bool { return strings.HasPrefix(name, Prefix(d.spec)) })
	users = append(users, d.existing(slices.Concat(d.spec.AppRoles, d.spec.MaintenanceRoles))...)
	slices.Sort(users)
	users = slices.Compact(users)
	statements := d.closeDatabase(users, public)
	severity, schemas := boundary.Warning, ""
	if slices.Contains(public, "CREATE") {
		severity, schemas = boundary.Critical, ", or make a schema with functions that run as whoever uses them"
	}
	if !s.MayAlterDatabase || !d.spec.Enforces() {
		d.hazard("public-on-database", object, severity, "PUBLIC has %s on it, so that every role of the server can come in, and a tenant can fill its disk "+
			"with temporary tables%s; Tenantry takes that away where the operator's role owns the database and a table is enforced; else run: %s",
			strings.Join(public, " and "), schemas, Exec{Statements: statements})
		return
	}
	d.do(change{
		phase: boundary.PhaseOpen, unit: PlaneUnit, object: object, kind: boundary.Changed, severity: severity,
		summary: fmt.Sprintf("PUBLIC has %s on it; take that away, after granting CONNECT and TEMPORARY to the roles that use it (%s)",
			strings.Join(public, " and "), strings.Join(users, ", ")),
	}, statements...)
}

func (d *planeDiff) publicOnDatabase() []string {
	var out []string
	for _, r := range d.have.Rights {
		if r.Kind == "DATABASE" && r.Grantee == "" && (r.Privilege == "CONNECT" || r.Privilege == "TEMPORARY" || r.Privilege == "CREATE") {
			out = append(out, r.Privilege)
		}
	}
	slices.Sort(out)
	return out
}

// existing leaves out roles that do not stand.
func (d *planeDiff) existing(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { _, ok := d.have.Roles[name]; return !ok })
}

func (d *planeDiff) closeDatabase(users, public []string) []Statement {
	name := Ident(d.have.Server.Database)
	var out []Statement
	if len(users) > 0 {
		out = append(out, sql("GRANT CONNECT, TEMPORARY ON DATABASE %s TO %s", name, idents(users)))
	}
	return append(out,
		sql("GRANT CONNECT ON DATABASE %s TO %s, %s", name, Ident(GroupName(d.spec)), Ident(AppsName(d.spec))),
		sql("REVOKE %s ON DATABASE %s FROM PUBLIC", strings.Join(public, ", "), name))
}

// unreachable: PUBLIC may not connect, and the operator cannot let the groups in.
func (d *planeDiff) unreachable(object string) {
	name := Ident(d.have.Server.Database)
	if d.have.Server.MayGrantConnect || d.has(rightKey{"DATABASE", name, "", "CONNECT", GroupName(d.spec)}) {
		return
	}
	d.hazard("database-connect", object, boundary.Info, "tenants cannot connect to it, and the operator may not let them in: GRANT CONNECT ON DATABASE %s TO %s, %s; "+
		"or once for all: GRANT CONNECT ON DATABASE %s TO %s WITH GRANT OPTION",
		name, Ident(GroupName(d.spec)), Ident(AppsName(d.spec)), name, Ident(d.have.Server.Operator))
}
