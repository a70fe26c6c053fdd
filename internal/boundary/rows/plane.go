package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// planeDiff compares what all tenants of a plane share.
type planeDiff struct {
	builder
	have PlaneState
	// rights that the groups should have, as tables are found fit for them.
	rights []wantedRight
	// found are the targets, once they were looked for.
	found []target
	// broken are the quoted names of tables that stand open until the plan was applied.
	broken map[string]bool
}

// DiffPlane compares what the plane as a whole needs: functions, groups, application roles, protected tables, and rights.
func DiffPlane(spec Spec, have PlaneState) boundary.Diff {
	d := &planeDiff{builder: builder{spec: spec}, have: have, broken: map[string]bool{}}
	d.version()
	d.functions()
	d.groups()
	d.appRoles()
	d.guard()
	for _, t := range d.targets() {
		d.table(t)
	}
	d.commonRights()
	d.diffRights()
	d.database()
	d.hazards()
	return d.done()
}

func (d *planeDiff) step(phase boundary.Phase, object string, kind boundary.Kind, s boundary.Severity, summary string) change {
	return change{phase: phase, unit: PlaneUnit, object: object, kind: kind, severity: s, summary: summary}
}

func (d *planeDiff) version() {
	if from := d.have.Server.SchemaVersion; from < boundary.SchemaVersion {
		d.op(d.step(boundary.PhaseClose, "schema "+Schema, boundary.Changed, boundary.Warning,
			fmt.Sprintf("the schema is at version %d; migrate it to %d", from, boundary.SchemaVersion)), Migrate{From: from, To: boundary.SchemaVersion})
	}
}

// functions are compared by their definition: whoever changes current_tenant() is every tenant.
func (d *planeDiff) functions() {
	for _, f := range d.spec.functions() {
		object := "function " + Schema + "." + f.name
		standing, ok := d.have.Functions[f.name]
		switch {
		case !ok:
			d.do(d.step(boundary.PhaseBuild, object, boundary.Missing, boundary.Warning, "it does not stand; make it"),
				sql("%s", f.create()), sql("REVOKE ALL ON FUNCTION %s.%s FROM PUBLIC", Schema, f.name))
		case !standing.Owned:
			d.hazard("function-owner", object, boundary.Critical, "it does not belong to the operator's role, so that somebody else decides who is "+
				"which tenant: ALTER FUNCTION %s.%s OWNER TO %s", Schema, f.name, Ident(d.have.Server.Operator))
		case standing.Definition != f.digest():
			d.do(d.step(boundary.PhaseBuild, object, boundary.Changed, boundary.Critical, "its definition is not Tenantry's; replace it"), sql("%s", f.create()))
		default:
			d.stands(true)
		}
	}
}

// groups are roles that nobody can log in as, that are members of nothing, and that have only members of ours.
func (d *planeDiff) groups() {
	for _, name := range []string{GroupName(d.spec), AppsName(d.spec)} {
		r, ok := d.have.Roles[name]
		if !ok {
			d.do(d.step(boundary.PhaseBuild, object(name), boundary.Missing, boundary.Warning, "the group role does not stand; make it"),
				sql("CREATE ROLE %s NOLOGIN NOINHERIT", Ident(name)))
			continue
		}
		before := len(d.diff.Plan)
		d.group(r)
		d.stands(len(d.diff.Plan) == before)
	}
	for _, member := range d.have.Members[GroupName(d.spec)] {
		if !strings.HasPrefix(member, Prefix(d.spec)) {
			d.revokeMember(GroupName(d.spec), member, boundary.Critical)
		}
	}
}

func (d *planeDiff) group(r Role) {
	if powers := powersOf(r); powers != "" {
		d.hazard("group-attributes", object(r.Name), boundary.Critical, "the group role is %s, which its members can use; as a superuser run: "+
			"ALTER ROLE %s NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEDB", powers, Ident(r.Name))
	}
	if r.Login || r.CreateRole || len(r.SettingsIn) > 0 {
		statements := []Statement{sql("ALTER ROLE %s NOLOGIN NOCREATEROLE", Ident(r.Name))}
		for _, database := range r.SettingsIn {
			where := ""
			if database != "" {
				where = " IN DATABASE " + Ident(database)
			}
			statements = append(statements, sql("ALTER ROLE %s%s RESET ALL", Ident(r.Name), where))
		}
		d.do(d.step(boundary.PhaseClose, object(r.Name), boundary.Changed, boundary.Critical,
			"the group role can log in, make roles or has settings; take that away"), statements...)
	}
	for _, other := range r.MemberOf {
		d.revokeMember(other, r.Name, boundary.Critical)
	}
}

func powersOf(r Role) string {
	var out []string
	for _, p := range []struct {
		set  bool
		name string
	}{{r.Super, "superuser"}, {r.BypassRLS, "BYPASSRLS"}, {r.Replication, "REPLICATION"}, {r.CreateDB, "CREATEDB"}} {
		if p.set {
			out = append(out, p.name)
		}
	}
	return strings.Join(out, ", ")
}

func (d *planeDiff) revokeMember(role, member string, severity boundary.Severity) {
	d.do(d.step(boundary.PhaseClose, object(member), boundary.Unexpected, severity, fmt.Sprintf("it is a member of %s; take that away", role)),
		sql("REVOKE %s FROM %s CASCADE", Ident(role), Ident(member)))
}

// appRoles are registered last, when what they may reach is protected, and lose everything first when the spec drops them.
func (d *planeDiff) appRoles() {
	apps := AppsName(d.spec)
	for _, name := range d.have.Registered {
		if !slices.Contains(d.spec.AppRoles, name) {
			d.do(d.step(boundary.PhaseClose, object(name), boundary.Unexpected, boundary.Warning, "it is registered as an application role but not in appRoles; remove it"),
				Statement{SQL: "DELETE FROM tenantry.app_roles WHERE role_name = $1", Args: []any{name}})
		}
	}
	for _, member := range d.have.Members[apps] {
		if !slices.Contains(d.spec.AppRoles, member) {
			d.revokeMember(apps, member, boundary.Warning)
		}
	}
	for _, name := range d.spec.AppRoles {
		d.appRole(name)
	}
}

func (d *planeDiff) appRole(name string) {
	if _, ok := d.have.Roles[name]; !ok {
		d.hazard("app-role-missing", object(name), boundary.Warning, "appRoles names it, but it does not exist: CREATE ROLE %s LOGIN, with a password "+
			"of your choice; Tenantry does not make it", Ident(name))
		return
	}
	before := len(d.diff.Plan)
	if !slices.Contains(d.have.Members[AppsName(d.spec)], name) {
		d.do(d.step(boundary.PhaseOpen, object(name), boundary.Missing, boundary.Warning, "the application role has no rights on the protected tables; add it to the group that has"),
			sql("GRANT %s TO %s", Ident(AppsName(d.spec)), Ident(name)))
	}
	if !slices.Contains(d.have.Registered, name) {
		d.do(d.step(boundary.PhaseOpen, object(name), boundary.Missing, boundary.Warning, "the application role is not registered; register it"),
			Statement{SQL: "INSERT INTO tenantry.app_roles (role_name) VALUES ($1) ON CONFLICT DO NOTHING", Args: []any{name}})
	}
	d.stands(len(d.diff.Plan) == before)
}
