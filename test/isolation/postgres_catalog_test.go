package isolation

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// visible is what a tenant's login learns from the catalog that it must not learn: each query answers with what there is too
// much of, and nothing is right. The control runs it as a superuser, who finds something, or as it says.
var visible = map[string]struct{ sql, control string }{
	"tables of ours that it may use": {`SELECT c.oid::regclass, p FROM pg_class c, unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) p
		WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p') AND has_table_privilege(c.oid, p)
		AND NOT (c.relname = 'ai_usage_logs' AND p = 'SELECT' AND c.relrowsecurity AND c.relforcerowsecurity)`, ""}, // its own rows of the ledger
	"columns of ours that it may use": {`SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
		WHERE c.relnamespace = 'tenantry'::regnamespace AND c.relkind = 'r' AND attnum > 0 AND has_column_privilege(attrelid, attnum, 'SELECT')`, ""},
	"rights on protected tables that policies do not hold": {`SELECT c.oid::regclass, p FROM pg_class c, unnest(ARRAY['TRUNCATE','REFERENCES','TRIGGER']) p
		WHERE c.relrowsecurity AND has_table_privilege(c.oid, p)`, ""},
	"partitions that it may read directly": {`SELECT oid::regclass FROM pg_class WHERE relispartition AND has_table_privilege(oid, 'SELECT')`, ""},
	"schemas that it may create in": {`SELECT nspname FROM pg_namespace WHERE has_schema_privilege(oid, 'CREATE')
		AND nspname !~ '^pg_(toast_)?temp_'`, ""},
	"the database":              {`SELECT p FROM unnest(ARRAY['CREATE', 'TEMPORARY']) p WHERE has_database_privilege(current_database(), p)`, ""},
	"large objects":             {`SELECT p.oid::regprocedure FROM pg_proc p WHERE proname IN ('lo_create', 'lo_creat', 'lo_from_bytea') AND has_function_privilege(p.oid, 'EXECUTE')`, ""},
	"columns of the tenant":     {`SELECT attrelid::regclass FROM pg_attribute WHERE attname = 'tenant_id' AND has_column_privilege(attrelid, attnum, 'UPDATE')`, ""},
	"sequences":                 {`SELECT oid::regclass FROM pg_class WHERE relkind = 'S' AND (has_sequence_privilege(oid, 'USAGE') OR has_sequence_privilege(oid, 'SELECT'))`, ""},
	"statistics of content":     {`SELECT tablename, attname FROM pg_stats WHERE schemaname = 'public'`, ""},
	"queries of others":         {`SELECT query FROM pg_stat_activity WHERE usesysid <> session_user::regrole AND query NOT IN ('', '<insufficient privilege>')`, ""},
	"addresses of others":       {`SELECT client_addr FROM pg_stat_activity WHERE usesysid <> session_user::regrole AND client_addr IS NOT NULL`, ""},
	"names of tenants in roles": {`SELECT rolname FROM pg_roles WHERE rolname ~ 'acme|beta|delta|idle|gone|north|south|quiet|left'`, `SELECT tenant_id FROM tenantry.tenants WHERE tenant_id ~ 'acme|beta|delta|idle|gone|north|south|quiet|left'`},
	"names of tenants in settings, comments and connections": {`SELECT setconfig::text FROM pg_db_role_setting WHERE setconfig::text ~ 'acme|north'
		UNION ALL SELECT description FROM pg_description d WHERE description ~ 'acme|north'
		UNION ALL SELECT application_name FROM pg_stat_activity WHERE application_name ~ 'acme|north'`, `SELECT 1`},
	"roles that it can become": {`SELECT rolname FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') AND oid <> session_user::regrole
		AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcanlogin)`, ""},
	"powers of its own": {`SELECT rolname FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)`, ""},
	"members of itself": {`SELECT member::regrole FROM pg_auth_members WHERE roleid = session_user::regrole AND NOT pg_has_role(member, 'pg_signal_backend', 'MEMBER')`, `SELECT 1`},
	"foreign servers":   {`SELECT srvname FROM pg_foreign_server`, `SELECT 1`},
	"publications":      {`SELECT pubname FROM pg_publication`, `SELECT 1`},
	"prepared statements and cursors of others": {`SELECT name FROM pg_prepared_statements UNION ALL SELECT name FROM pg_cursors WHERE name <> ''`, `SELECT 1`},
}

// TestWhatTheCatalogTells to a tenant. What it does tell is documented: counts, estimates, names of tables and roles.
func TestWhatTheCatalogTells(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		admin := p.db.Superuser(t)
		others := p.db.Connect(t, p.db.App) // somebody to be seen
		run(t, others, "SELECT 'a query of somebody else'")
		for name, c := range visible {
			if name == "large objects" && p == w.setting {
				continue // nobody ran the script there, and the documentation says what that leaves open
			}
			for _, me := range p.open {
				if got := try(t, w.login(t, me), c.sql); got != "SELECT 0" {
					t.Errorf("%s learns of %s:\n%s", me, name, got)
				}
			}
			if c.control == "" {
				c.control = c.sql
			}
			if got := try(t, admin, c.control); got == "SELECT 0" {
				t.Errorf("the control of %s finds nothing", name)
			}
		}
	}
}

// TestFunctionsOfOurs: who may run what in the schema tenantry. Everybody may ask who it is, because policies do so in its
// name; naming a tenant is for the plane's own roles, and refused to logins. Of budgets, tenants and applications call what is
// theirs, and only applications act for many or give reservations back.
func TestFunctionsOfOurs(t *testing.T) {
	w := theWorld(t)
	const runnable = `SELECT string_agg(proname, ',' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'tenantry'::regnamespace AND has_function_privilege(oid, 'EXECUTE')`
	for _, p := range w.planes() {
		for name, c := range map[string]struct {
			conn *pgx.Conn
			want string
		}{
			"a tenant": {w.login(t, p.open[0]), "budget_status,current_tenant,reserve,route,settle,use_tenant"},
			"the application": {
				p.db.Connect(t, p.db.App),
				"budget_status,current_tenant,release,release_many,reserve,reserve_many,route,settle,settle_many,use_tenant",
			},
			"the owner":   {p.db.Connect(t, p.db.Owner), "current_tenant"},
			"maintenance": {p.db.Connect(t, p.db.Maintenance), "current_tenant"},
		} {
			if got := try(t, c.conn, runnable); got != c.want {
				t.Errorf("%s: %s may run %q, want %q", p.name, name, got, c.want)
			}
		}
	}
}

// TestPartitionsAreReachedThroughTheirParent alone.
func TestPartitionsAreReachedThroughTheirParent(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		for _, me := range p.open {
			for _, v := range w.ways(t, p, me) {
				for _, sql := range []string{"SELECT * FROM events_old", "INSERT INTO events_new VALUES ('" + me + "', '2030-01-01', 'x')", "COPY events_old TO STDOUT", "LOCK TABLE events_new"} {
					if got := v.try(t, sql); got != denied {
						t.Errorf("%s by %s: %s: %q", me, v.name, sql, got)
					}
				}
				if got := v.try(t, "SELECT count(*) FROM events WHERE at < '2020-01-01'"); got != "1" {
					t.Errorf("the control: %s by %s: %q", me, v.name, got)
				}
			}
		}
	}
}
