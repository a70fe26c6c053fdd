package isolation

import (
	"testing"

	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// TestTenantsHaveNoTemporaryObjects: they are what a shadow is made of, and they fill the disk.
func TestTenantsHaveNoTemporaryObjects(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		admin := p.db.Superuser(t)
		for _, sql := range []string{
			"CREATE TEMPORARY TABLE tenants (tenant_id text, state text)",
			"CREATE TEMPORARY TABLE mine AS SELECT * FROM documents",
			"SELECT * INTO TEMPORARY mine FROM documents",
			"CREATE TEMPORARY VIEW mine AS SELECT 1",
			"CREATE TEMPORARY SEQUENCE mine",
			"CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		} {
			for _, me := range p.open {
				if got := try(t, w.login(t, me), sql); got != denied {
					t.Errorf("%s: %s: %q", me, sql, got)
				}
			}
			if got := try(t, admin, sql); got == denied {
				t.Errorf("the control: a superuser: %s: %q", sql, got)
			}
		}
	}
}

// shadows stand in for everything that the functions of the schema tenantry look at. {id} is whom they would let in.
var shadows = []string{
	`CREATE TEMPORARY TABLE tenants AS SELECT '{id}'::text AS tenant_id, 'Active'::text AS state`,
	`CREATE TEMPORARY TABLE logins AS SELECT session_user AS role_name, '{id}'::text AS tenant_id`,
	`CREATE TEMPORARY TABLE app_roles AS SELECT session_user AS role_name`,
	`CREATE TEMPORARY TABLE pg_roles AS SELECT session_user AS rolname, true AS rolsuper, true AS rolbypassrls`,
	`CREATE FUNCTION pg_temp.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT '{id}' $$`,
	`CREATE FUNCTION pg_temp.left(text, integer) RETURNS text LANGUAGE sql AS $$ SELECT '' $$`,
	`CREATE FUNCTION pg_temp.length(text) RETURNS integer LANGUAGE sql AS $$ SELECT 0 $$`,
	`CREATE FUNCTION pg_temp.substr(text, integer) RETURNS text LANGUAGE sql AS $$ SELECT '{id}' $$`,
	`CREATE FUNCTION pg_temp.texteq(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$`,
	`CREATE FUNCTION pg_temp.current_tenant() RETURNS text LANGUAGE sql AS $$ SELECT '{id}' $$`,
	`CREATE FUNCTION pg_temp.use_tenant(text) RETURNS void LANGUAGE sql AS $$ $$`,
	`CREATE FUNCTION pg_temp.pg_backend_pid() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$`,
	`CREATE FUNCTION pg_temp.transaction_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'epoch'::timestamptz $$`,
	`CREATE DOMAIN pg_temp.text AS pg_catalog.text`,
	`GRANT ALL ON tenants, logins, app_roles, pg_roles TO PUBLIC`,
	`SET LOCAL search_path = pg_temp, public, pg_catalog`,
}

// TestShadows: the application may have temporary objects, and none of them stands in for one of ours.
func TestShadows(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		untouched(t, p)
		p.db.Exec(t, "GRANT TEMPORARY ON DATABASE "+p.db.Name+" TO "+p.db.App.Name)
		app := p.db.Connect(t, p.db.App)
		a, b := p.open[0], p.open[1]
		for name, c := range map[string]struct {
			shadow, act, want string
		}{
			"none named":             {b, "SELECT 1", rows.CodeUnset},
			"another one named":      {b, of(a, use), a},
			"a suspended one opened": {p.suspended, of(p.suspended, use), rows.CodeSuspended},
			"one declared":           {undeclared, of(undeclared, use), rows.CodeUnknown},
		} {
			statements := append(each(c.shadow, shadows), c.act, whose)
			if got := try(t, app, statements...); got != c.want {
				t.Errorf("%s: %s: %q, want %q", p.name, name, got, c.want)
			}
		}
		// The control: the shadows are in the way of whoever does not qualify what it names.
		if got := try(t, app, append(each(b, shadows), "SELECT tenant_id FROM tenants")...); got != b {
			t.Errorf("the control: %q", got)
		}
	}
}

// TestShadowsOfTheOwner: functions and operators that the owner of the tables puts into public change nothing, either, with
// whatever path a session has.
func TestShadowsOfTheOwner(t *testing.T) {
	w := theWorld(t)
	p := w.setting
	a, b := p.open[0], p.open[1]
	made := []string{
		`CREATE FUNCTION public.current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT '{id}' $$`,
		`CREATE FUNCTION public.texteq(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$`,
		`CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.texteq)`,
	}
	p.db.ExecAs(t, p.db.Owner, each(b, made)...)
	t.Cleanup(func() {
		p.db.ExecAs(t, p.db.Owner, `DROP OPERATOR public.= (text, text)`, `DROP FUNCTION public.texteq(text, text)`, `DROP FUNCTION public.current_setting(text, boolean)`)
	})
	const path = "SET LOCAL search_path = public, pg_catalog"
	if got := try(t, w.login(t, a), path, whose); got != a {
		t.Errorf("a tenant: %q", got)
	}
	app := p.db.Connect(t, p.db.App)
	if got := try(t, app, path, p.acts(a), whose); got != a {
		t.Errorf("the application: %q", got)
	}
	if got := try(t, app, path, "SELECT current_setting('x', true)"); got != b {
		t.Errorf("the control: %q", got)
	}
}

// TestOtherDatabases: a tenant gets into the database of its plane and into no other, once the platform has closed to PUBLIC
// those that no plane owns; that they are open is said.
func TestOtherDatabases(t *testing.T) {
	w := theWorld(t)
	neighbour := map[*plane]*plane{w.stamped: w.setting, w.setting: w.stamped}
	for _, p := range w.planes() {
		for _, me := range p.open {
			secret := w.Credential(t, me+"-postgres")
			dsn := func(db string) string {
				return p.db.Server.DSN(secret["username"], secret["password"], db)
			}
			if _, got := w.loginWith(t, dsn(neighbour[p].db.Name), unchanged); got != denied {
				t.Errorf("%s comes into the other plane's database: %q", me, got)
			}
			if conn, got := w.loginWith(t, dsn(p.db.Name), unchanged); conn == nil {
				t.Errorf("the control: %s does not come into its own: %q", me, got)
			}
		}
		if _, got := w.loginWith(t, neighbour[p].db.Server.DSN(p.db.App.Name, p.db.App.Password, neighbour[p].db.Name), unchanged); got != denied {
			t.Errorf("the application comes into the other plane's database: %q", got)
		}
	}
	p := w.stamped
	w.awaitFinding(t, p.name, finding{object: "server", says: "REVOKE CONNECT, TEMPORARY ON DATABASE"})
	secret := w.Credential(t, p.open[0]+"-postgres")
	open := p.db.Server.DSN(secret["username"], secret["password"], "postgres")
	if conn, got := w.loginWith(t, open, unchanged); conn == nil {
		t.Errorf("the control: a database that is open to PUBLIC: %q", got)
	}
	p.db.Exec(t, "REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC")
	t.Cleanup(func() { p.db.Exec(t, "GRANT CONNECT, TEMPORARY ON DATABASE postgres, template1 TO PUBLIC") })
	w.awaitNoFinding(t, p.name, finding{object: "server", says: "REVOKE CONNECT, TEMPORARY ON DATABASE"})
	if _, got := w.loginWith(t, open, unchanged); got != denied {
		t.Errorf("a tenant comes into a database that was closed: %q", got)
	}
}
