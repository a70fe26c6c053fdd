package rows

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// hazards are ways around the boundary that Tenantry did not make and does not mend.
func (d *planeDiff) hazards() {
	d.reaches()
	d.views()
	d.schemas()
	d.publicRights()
	d.bypassers()
	d.surroundings()
	d.definers()
	d.oracles()
	d.around()
	d.serverVersion()
}

// reaches: a role that RLS does not stop, within reach of a tenant or of the application.
func (d *planeDiff) reaches() {
	for _, r := range d.have.Reaches {
		severity, who := boundary.Warning, "an application role"
		if strings.HasPrefix(r.Role, Prefix(d.spec)) && r.Role != AppsName(d.spec) {
			severity, who = boundary.Critical, "a role that tenants have"
		}
		if r.Role == r.To {
			d.hazard("exempt-role "+r.Why, object(r.Role), severity, "%s is %s, so that row-level security does not hold it: %s",
				who, r.Why, reachRemedy(r))
			continue
		}
		d.hazard("reaches "+r.To+" "+r.Why, object(r.Role), severity, "%s can act as %s (%s), which row-level security does not hold, or which can switch it off: %s",
			who, r.To, r.Why, reachRemedy(r))
	}
}

func reachRemedy(r Reach) string {
	switch {
	case r.Role != r.To:
		return "REVOKE " + Ident(r.To) + " FROM " + Ident(r.Role) + " (or from the role in between), and give it the rights it needs directly"
	case r.Why == "superuser":
		return "ALTER ROLE " + Ident(r.Role) + " NOSUPERUSER"
	case r.Why == "BYPASSRLS":
		return "ALTER ROLE " + Ident(r.Role) + " NOBYPASSRLS"
	case strings.HasPrefix(r.Why, "CREATEROLE"):
		return "ALTER ROLE " + Ident(r.Role) + " NOCREATEROLE"
	}
	return "give the tables to a role that the application does not log in as: REASSIGN OWNED BY " + Ident(r.Role) + " TO …"
}

// views read with their owner's rights unless told otherwise; what a materialised one holds has left the tables.
func (d *planeDiff) views() {
	protected := map[uint32]string{}
	for _, t := range d.targets() {
		protected[t.OID] = t.display()
	}
	for _, v := range d.have.Views {
		if i := slices.IndexFunc(v.Tables, func(oid uint32) bool { return protected[oid] != "" }); i >= 0 {
			d.view(v, protected[v.Tables[i]])
		}
	}
}

func (d *planeDiff) view(v View, table string) {
	name, severity := Qualified(v.Schema, v.Name), d.severityFor(v.Readers)
	revoke := "REVOKE ALL ON " + name + " FROM " + granteesSQL(v.Grantees)
	at := ""
	if v.Via != "" {
		at = " through " + v.Via
	}
	switch {
	case v.ViaMaterialised:
		check, object := "matview", "materialised view "+v.Schema+"."+v.Name
		if !v.Materialised {
			check, object = "view-on-matview", "view "+v.Schema+"."+v.Name
		}
		d.hazard(check, object, severity, "it shows%s a copy of rows of %s that no policy protects, and %s may read it: %s", at, table, grantees(v.Grantees), revoke)
	case v.Via != "":
		d.hazard("view-on-view "+v.Via, "view "+v.Schema+"."+v.Name, severity, "it reads or writes %s%s with the rights of %s, whom row-level security does not hold, and %s may use it: %s; "+
			"or mend the view below", table, at, v.ViaOwner, grantees(v.Grantees), revoke)
	case d.have.Server.Version >= 150000:
		d.hazard("view", "view "+v.Schema+"."+v.Name, severity, "it reads or writes %s with the rights of %s, whom row-level security does not hold, and %s may use it: "+
			"ALTER VIEW %s SET (security_invoker = true)", table, v.Owner, grantees(v.Grantees), name)
	default:
		d.hazard("view", "view "+v.Schema+"."+v.Name, severity, "it reads or writes %s with the rights of %s, whom row-level security does not hold, and %s may use it: %s; "+
			"or ALTER VIEW %s OWNER TO the owner of the table", table, v.Owner, grantees(v.Grantees), revoke, name)
	}
}

// severityFor is Critical where tenants are among those who can.
func (d *planeDiff) severityFor(who []string) boundary.Severity {
	if slices.Contains(who, GroupName(d.spec)) {
		return boundary.Critical
	}
	return boundary.Warning
}

func grantees(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, grantee(n))
	}
	return strings.Join(out, ", ")
}

func granteesSQL(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, granteeSQL(n))
	}
	return strings.Join(out, ", ")
}

func (d *planeDiff) schemas() {
	for _, name := range slices.Sorted(maps.Keys(d.have.Schemas)) {
		if d.have.Schemas[name].PublicCreate {
			d.hazard("public-create", "schema "+name, boundary.Critical, "every role, so every tenant, may create objects in it, and functions or operators "+
				"of a tenant can then run as whoever uses it: REVOKE CREATE ON SCHEMA %s FROM PUBLIC", Ident(name))
		}
	}
	for _, entry := range d.spec.Protect {
		s, ok := d.have.Schemas[entry.Schema]
		if !ok {
			d.hazard("schema-missing", "schema "+entry.Schema, boundary.Warning, "protect names it, but it does not exist: create it, or take it out of protect")
		}
		for _, r := range s.DefaultRights {
			if slices.Contains(d.spec.AppRoles, r.Grantee) && d.have.Guard.Installed && d.have.Guard.problem() == "" {
				continue // the table is protected before anybody sees it
			}
			in := " IN SCHEMA " + Ident(entry.Schema)
			if r.Everywhere {
				in = ""
			}
			d.hazard("default-rights "+r.Owner+" "+r.Grantee, "schema "+entry.Schema, boundary.Warning, "tables that %s makes in it are open to %s before they are protected: "+
				"ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE ALL ON TABLES FROM %s",
				r.Owner, grantee(r.Grantee), Ident(r.Owner), in, granteeSQL(r.Grantee))
		}
	}
}

// publicRights on protected tables: policies hold for SELECT, INSERT, UPDATE and DELETE only.
func (d *planeDiff) publicRights() {
	byTable := map[string][]string{}
	for _, r := range d.have.Rights {
		if r.Kind == "TABLE" && r.Grantee == "" {
			byTable[r.Object] = append(byTable[r.Object], r.Privilege)
		}
	}
	for _, t := range d.targets() {
		privileges := byTable[t.quoted()]
		if len(privileges) == 0 {
			continue
		}
		slices.Sort(privileges)
		severity := boundary.Warning
		if slices.Contains(privileges, "TRUNCATE") || slices.Contains(privileges, "REFERENCES") || slices.Contains(privileges, "TRIGGER") {
			severity = boundary.Critical
		}
		d.hazard("public-rights", t.unit(), severity, "PUBLIC, so every tenant, has %s on it; policies do not hold TRUNCATE, REFERENCES, TRIGGER and LOCK TABLE: "+
			"REVOKE ALL ON %s FROM PUBLIC", strings.Join(slices.Compact(privileges), ", "), t.quoted())
	}
}

// bypassers are shown as Info where the spec lists them.
func (d *planeDiff) bypassers() {
	for _, name := range d.have.Bypassers {
		switch {
		case slices.Contains(d.spec.MaintenanceRoles, name):
			d.hazard("maintenance-role", object(name), boundary.Info, "a maintenance role: it reads and writes the rows of every tenant")
		case !slices.ContainsFunc(d.have.Reaches, func(r Reach) bool { return r.Role == name }):
			d.hazard("bypass-role", object(name), boundary.Warning, "it has BYPASSRLS, so that it reads and writes the rows of every tenant: "+
				"ALTER ROLE %s NOBYPASSRLS, or list it in maintenanceRoles", Ident(name))
		}
	}
	for _, name := range d.spec.MaintenanceRoles {
		r, ok := d.have.Roles[name]
		switch {
		case !ok:
			d.hazard("maintenance-role-missing", object(name), boundary.Info, "maintenanceRoles names it, but it does not exist")
		case !r.BypassRLS && !r.Super:
			d.hazard("maintenance-role-bound", object(name), boundary.Info, "maintenanceRoles names it, but row-level security holds it, so that its dumps and migrations fail: "+
				"ALTER ROLE %s BYPASSRLS", Ident(name))
		}
	}
}

func (d *planeDiff) surroundings() {
	for _, s := range d.have.Settings {
		if d.spec.setting() {
			d.hazard("default-tenant "+s.Database, object(s.Role), boundary.Warning, "app.current_tenant is set for good (%s), so that a query that forgets its tenant gets that one: "+
				"ALTER ROLE … RESET app.current_tenant, or ALTER DATABASE … RESET app.current_tenant", settingPlace(s))
		}
	}
	for _, name := range d.have.Orphans {
		d.hazard("orphan-role", object(name), boundary.Info, "no tenant's claim or record leads to it, so that it has no rows: DROP ROLE %s", Ident(name))
	}
	if n := d.have.Server.OpenDatabases; len(n) > 0 {
		d.hazard("other-databases", "server", boundary.Info, "tenants may connect to other databases of the server too, because PUBLIC may: REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC "+
			"(grant CONNECT to the roles that need it first)", idents(n))
	}
}

func settingPlace(s RoleSetting) string {
	switch {
	case s.Role == "":
		return "for database " + s.Database
	case s.Database == "":
		return "for role " + s.Role
	}
	return "for role " + s.Role + " in database " + s.Database
}
