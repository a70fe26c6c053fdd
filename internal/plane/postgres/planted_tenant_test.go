package postgres_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

func lookAt(t *testing.T, s *postgres.Server, want boundary.Tenant) boundary.Diff {
	t.Helper()
	d, err := s.DiffTenant(context.Background(), want, plane.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestPlantedOnATenant: found in its own boundary, and in nobody else's; mended where the operator's rights suffice.
func TestPlantedOnATenant(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme, globex := w.withPassword(tenant("acme")), w.withPassword(tenant("globex"))
	w.admit(s, tenant("acme"))
	w.admit(s, tenant("globex"))
	login, other := rows.LoginName(w.spec, acme.UID, 0), rows.LoginName(w.spec, globex.UID, 0)
	fill := func(text string) string {
		return w.names(strings.NewReplacer("{login}", login, "{other}", other).Replace(text))
	}
	for name, c := range map[string]planted{
		"04 owns a table":        {sql: "CREATE TABLE app.mine (x int); ALTER TABLE app.mine OWNER TO {login}", want: "Critical Unexpected login-owns table app.mine role {login}", says: "owner", remedy: "REASSIGN OWNED BY {login} TO {owner}; DROP TABLE app.mine"},
		"04 owns a large object": {sql: "SET ROLE {login}; SELECT lo_create(4711); RESET ROLE", want: "Warning Unexpected login-owns large object 4711 role {login}", says: "reassign", remedy: "SELECT lo_unlink(4711)"},
		"05 member of the owner": {sql: "GRANT {owner} TO {login}", want: "Critical Unexpected - role {login}", says: "{owner}"},
		"05 has a member":        {sql: "GRANT {login} TO {app}", want: "Warning Unexpected - role {login}", says: "{app}"},
		"06 superuser":           {sql: "ALTER ROLE {login} SUPERUSER", want: "Critical Hazard tenant-superuser role {login}", says: "superuser"},
		"06 bypass":              {sql: "ALTER ROLE {login} BYPASSRLS", want: "Critical Unexpected - role {login}", says: "BYPASSRLS"},
		"41 replication":         {sql: "ALTER ROLE {login} REPLICATION", want: "Critical Unexpected - role {login}", says: "REPLICATION"},
		"06 createdb":            {sql: "ALTER ROLE {login} CREATEDB", want: "Critical Unexpected - role {login}", says: "CREATEDB"},
		"06 createrole":          {sql: "ALTER ROLE {login} CREATEROLE", want: "Critical Changed - role {login}", says: "NOCREATEROLE"},
		"07 may pass on":         {sql: "GRANT {prefix}tenants TO {login} WITH ADMIN OPTION", want: "Critical Unexpected - role {login}", says: "pass the tenants' group on"},
		"08 programs":            {sql: "GRANT pg_read_server_files TO {login}", want: "Critical Unexpected - role {login}", says: "pg_read_server_files"},
		"20 settings":            {sql: "ALTER ROLE {login} SET row_security = off", want: "Info Unexpected - role {login}", says: "settings"},
		"36 truncate":            {sql: "GRANT TRUNCATE ON app.documents TO {login}", want: "Critical Unexpected - role {login}", says: "table app.documents"},
		"39 a column":            {sql: "GRANT UPDATE (tenant_id) ON app.documents TO {login}", want: "Critical Unexpected - role {login}", says: "table app.documents"},
		"33 default rights":      {sql: "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA app GRANT SELECT ON TABLES TO {login}", want: "Critical Unexpected login-granted default privileges on new relations belonging to role {owner} in schema app role {login}", says: "may not take away", remedy: "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA app REVOKE SELECT ON TABLES FROM {login}"},
		"12 policy for it":       {sql: "CREATE POLICY own ON app.documents TO {login} USING (true)", want: "Critical Unexpected login-granted policy own on table app.documents role {login}", says: "rights of its own", remedy: "DROP POLICY own ON app.documents"},
		"recorded as another":    {sql: "UPDATE tenantry.logins SET tenant_id = 'globex', slot = 7 WHERE role_name = '{login}'", want: "Critical Changed - role {login}", says: "recorded as tenant globex"},
		"record gone":            {sql: "DELETE FROM tenantry.logins WHERE role_name = '{login}'", want: "Warning Missing - role {login}", says: "not recorded"},
		"claim gone":             {sql: "DELETE FROM tenantry.logins WHERE tenant_id = 'acme'; DELETE FROM tenantry.tenants WHERE tenant_id = 'acme'; DELETE FROM tenantry.claims WHERE tenant_id = 'acme'", want: "Warning Missing - claim on tenantID acme", says: "not claimed"},
		"state":                  {sql: "UPDATE tenantry.tenants SET state = 'Suspended' WHERE tenant_id = 'acme'", want: "Warning Changed - state of tenant acme", says: "open them"},
		"dropped":                {sql: "DROP ROLE {login}", want: "Warning Missing - role {login}", says: "does not stand"},
	} {
		t.Run(name, func(t *testing.T) {
			w.super(fill(c.sql))
			want, says := fill(c.want), fill(c.says)
			for _, f := range lookAt(t, s, globex).Findings() {
				if f.Severity == boundary.Critical && !strings.Contains(f.Object, login) {
					t.Errorf("found in another tenant's boundary: %s", line(f))
				}
			}
			lookAt(t, s, acme)
			d := lookAt(t, s, acme)
			f, ok := find(d, want, says)
			if !ok {
				t.Fatalf("want %q with %q in\n%s", want, says, strings.Join(slices.Sorted(maps.Keys(lines(d))), "\n"))
			}
			if !slices.ContainsFunc(d.Plan, func(c boundary.Change) bool { return c.Summary == f.Message }) {
				w.remedy(t, f, fill(c.remedy))
			}
			for range 2 { // LOGIN comes back with the second
				if err := s.Apply(context.Background(), lookAt(t, s, acme).Plan); err != nil {
					t.Fatal(err)
				}
			}
			if d := lookAt(t, s, acme); len(d.Findings()) > 0 {
				t.Errorf("left: %s", strings.Join(slices.Sorted(maps.Keys(lines(d))), "\n"))
			}
			w.converge(s, globex)
			if got := code(w.connect(w.dsn(login)), "SELECT * FROM app.documents"); got != "" {
				t.Errorf("the tenant cannot read any more: SQLSTATE %s", got)
			}
		})
	}
}

// TestAnEditedClaimIsExplained: whose a tenantID is, nobody else can say, so that it is a conflict and no plan.
func TestAnEditedClaimIsExplained(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.admit(s, tenant("acme"))
	for name, c := range map[string]struct{ sql, says string }{
		"of another":             {"UPDATE tenantry.claims SET uid = 'somebody'", "claimed by another Tenant (UID somebody)"},
		"a tombstone":            {"UPDATE tenantry.claims SET tombstone = true", "released by this Tenant"},
		"a tombstone of another": {"UPDATE tenantry.claims SET uid = 'somebody', tombstone = true", "deleted Tenant (UID somebody)"},
	} {
		t.Run(name, func(t *testing.T) {
			w.super(c.sql)
			d := lookAt(t, s, w.withPassword(tenant("acme")))
			if d.Conflict == nil || !strings.Contains(d.Conflict.Message, c.says) || len(d.Plan) > 0 {
				t.Errorf("conflict %+v, plan %v", d.Conflict, d.Plan.Lines())
			}
			w.super("UPDATE tenantry.claims SET uid = 'uid-acme', tombstone = false")
			w.converge(s, w.withPassword(tenant("acme")))
		})
	}
}

// TestAForeignRoleIsNeverDropped because somebody recorded it as a tenant's login: only the record goes.
func TestAForeignRoleIsNeverDropped(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.withPassword(tenant("acme"))
	w.admit(s, tenant("acme"))
	w.super("INSERT INTO tenantry.logins VALUES ('" + w.dump + "', 'acme', 5)")
	if err := s.Apply(context.Background(), lookAt(t, s, acme).Plan); err != nil {
		t.Fatal(err)
	}
	w.settle(s)
	if got := code(w.connect(w.dsn(w.dump)), "SELECT 1"); got != "" {
		t.Error(got)
	}
	super := w.connect(w.pg.SuperuserDSN(w.database))
	if got := w.value(super, "SELECT count(*)::text FROM tenantry.logins WHERE role_name = $1", w.dump); got != "0" {
		t.Error("the record stayed")
	}
}

// TestAClosedTenantsPowersAreTaken: LOGIN of a role with REPLICATION or BYPASSRLS only a superuser takes, so it is dropped.
func TestAClosedTenantsPowersAreTaken(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	super := w.connect(w.pg.SuperuserDSN(w.database))
	for access, closed := range map[string]func(boundary.Tenant) boundary.Tenant{"suspended": suspended, "retained": retained} {
		for _, power := range []string{"BYPASSRLS", "REPLICATION", "CREATEDB"} {
			t.Run(access+" "+power, func(t *testing.T) {
				id := strings.ToLower(access + "-" + power)
				conn := w.admit(s, tenant(id))
				name := rows.LoginName(w.spec, "uid-"+id, 0)
				w.super("ALTER ROLE " + name + " " + power)
				want := closed(w.withPassword(tenant(id)))
				d := lookAt(t, s, want)
				if f, ok := find(d, "Critical Unexpected - role "+name, power); !ok {
					t.Errorf("not found: %+v in %v", f, d.Plan.Lines())
				}
				w.converge(s, want)
				if got := w.value(super, "SELECT count(*)::text FROM pg_roles WHERE rolname = $1 AND (rolcanlogin OR rolbypassrls OR rolreplication OR rolcreatedb)", name); got != "0" {
					t.Error("it kept its powers or its login")
				}
				if got := code(conn, "SELECT 1"); got != "57P01" {
					t.Errorf("its session lives: SQLSTATE %q", got)
				}
			})
		}
	}
}
