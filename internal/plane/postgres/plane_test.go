package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// checks lists the hazards and unmendable findings of a plane as "severity check object".
func checks(d boundary.Diff) []string {
	out := []string{}
	for _, f := range d.Hazards {
		out = append(out, fmt.Sprintf("%s %s %s", f.Severity, f.Check, f.Object))
	}
	return out
}

// rightsOf lists what a role may do with the table app.documents and the schema app, as the server answers it.
func (w *world) rightsOf(role string) string {
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	return w.value(conn, `SELECT concat_ws(' ', CASE WHEN has_schema_privilege($1, 'app', 'USAGE') THEN 'USAGE' END,
		(SELECT string_agg(p, ' ' ORDER BY p) FROM unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) p
		  WHERE has_table_privilege($1, 'app.documents', p)),
		(SELECT 'UPDATE(' || string_agg(attname, ',' ORDER BY attnum) || ')' FROM pg_attribute
		  WHERE attrelid = 'app.documents'::regclass AND attnum > 0 AND has_column_privilege($1, attrelid, attnum, 'UPDATE')))`, role)
}

func TestRightsFollowTheSpec(t *testing.T) {
	w := newWorld(t)
	w.settle(w.open())
	group := rows.GroupName(w.spec)
	want := []string{"USAGE INSERT SELECT UPDATE(id,title)", "USAGE DELETE INSERT SELECT UPDATE UPDATE(id,tenant_id,title)"}
	if diff := cmp.Diff(want, []string{w.rightsOf(group), w.rightsOf(w.app)}); diff != "" {
		t.Fatal(diff)
	}

	t.Run("a new column", func(t *testing.T) {
		w.as(w.owner, "ALTER TABLE app.documents ADD COLUMN body text")
		w.settle(w.open())
		if got := w.rightsOf(group); got != "USAGE INSERT SELECT UPDATE(id,title,body)" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("rights that nobody asked for", func(t *testing.T) {
		w.as(w.owner, "GRANT TRUNCATE, DELETE ON app.documents TO "+group, "GRANT UPDATE (tenant_id) ON app.documents TO "+group,
			"GRANT SELECT ON app.documents TO "+group+" WITH GRANT OPTION", "GRANT CREATE ON SCHEMA app TO "+group)
		w.settle(w.open())
		if got := w.rightsOf(group); got != "USAGE INSERT SELECT UPDATE(id,title,body)" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("application role taken out", func(t *testing.T) {
		w.spec.AppRoles = nil
		w.settle(w.open())
		if got := w.rightsOf(w.app); got != "" {
			t.Errorf("got %q", got)
		}
		if got := code(w.connect(w.dsn(w.app)), useAcme); got != "42501" {
			t.Errorf("use_tenant by a role that was taken out: SQLSTATE %q", got)
		}
	})
	t.Run("table taken out of protect", func(t *testing.T) {
		w.spec.Protect = nil
		w.settle(w.open())
		if got := w.rightsOf(group); got != "" {
			t.Errorf("rights stayed: %q", got)
		}
		conn := w.connect(w.pg.SuperuserDSN(w.database))
		if got := w.value(conn, "SELECT relrowsecurity::text || relforcerowsecurity FROM pg_class WHERE oid = 'app.documents'::regclass"); got != "truetrue" {
			t.Errorf("row-level security was touched: %q", got)
		}
	})
}

func TestDriftOfThePlaneIsMended(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	group, apps := rows.GroupName(w.spec), rows.AppsName(w.spec)
	for name, c := range map[string]struct {
		change   string
		severity boundary.Severity
	}{
		"disabled":              {"ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY", boundary.Critical},
		"not forced":            {"ALTER TABLE app.documents NO FORCE ROW LEVEL SECURITY", boundary.Critical},
		"no policy":             {"DROP POLICY tenant_isolation ON app.documents", boundary.Critical},
		"policy: true":          {"ALTER POLICY tenant_isolation ON app.documents USING (true)", boundary.Critical},
		"policy: or true":       {"ALTER POLICY tenant_isolation ON app.documents USING (tenant_id = (SELECT tenantry.current_tenant()) OR true)", boundary.Critical},
		"policy: check":         {"ALTER POLICY tenant_isolation ON app.documents WITH CHECK (true)", boundary.Critical},
		"policy: roles":         {"ALTER POLICY tenant_isolation ON app.documents TO " + group, boundary.Critical},
		"policy: other column":  {"ALTER POLICY tenant_isolation ON app.documents USING (title = (SELECT tenantry.current_tenant()))", boundary.Critical},
		"function: body":        {"CREATE OR REPLACE FUNCTION tenantry.current_tenant() RETURNS text LANGUAGE sql STABLE AS 'SELECT ''acme''::text'", boundary.Critical},
		"function: search_path": {"ALTER FUNCTION tenantry.current_tenant() RESET search_path", boundary.Critical},
		"function: invoker":     {"ALTER FUNCTION tenantry.current_tenant() SECURITY INVOKER", boundary.Critical},
		"function: immutable":   {"ALTER FUNCTION tenantry.current_tenant() IMMUTABLE", boundary.Critical},
		"readable by PUBLIC":    {"GRANT SELECT ON tenantry.claims TO PUBLIC", boundary.Critical},
		"readable by tenants":   {"GRANT SELECT ON tenantry.claims TO " + group, boundary.Critical},
		"writable by app":       {"GRANT INSERT ON tenantry.app_roles TO " + w.app, boundary.Critical},
		"group in the owner":    {"GRANT " + w.owner + " TO " + group, boundary.Critical},
		"stranger in the group": {"GRANT " + group + " TO " + w.dump, boundary.Critical},
		"stranger in the apps":  {"GRANT " + apps + " TO " + w.dump, boundary.Warning},
		"group can log in":      {"ALTER ROLE " + group + " LOGIN", boundary.Critical},
		"settings of the group": {"ALTER ROLE " + group + " SET work_mem = '1GB'", boundary.Critical},
		"unregistered app":      {"DELETE FROM tenantry.app_roles", boundary.Warning},
		"stranger registered":   {"INSERT INTO tenantry.app_roles VALUES ('" + w.dump + "')", boundary.Warning},
	} {
		t.Run(name, func(t *testing.T) {
			w.super(c.change)
			w.clock.SetTime(w.clock.Now().Add(time.Minute))
			d, err := s.DiffPlane(context.Background(), plane.Recent)
			if err != nil || d.Settled() {
				t.Fatalf("not found by the next audit: %v", err)
			}
			d.Hazards = nil
			if got := d.Findings()[0].Severity; got != c.severity {
				t.Errorf("severity %s, want %s: %v", got, c.severity, d.Plan.Lines())
			}
			w.settle(s)
		})
	}
}

// TestUnfitTables: each table lacks one thing, is reported with it, and gives tenants no rights.
func TestUnfitTables(t *testing.T) {
	w := newWorld(t)
	want := map[string]string{
		"nullable": "tenant-column-nullable", "unindexed": "tenant-column-index", "partial": "tenant-column-index", "bytes": "tenant-column-type",
		"fuzzy": "tenant-column-collation", "wide": "other-policy wide", "foreigner": "not-owner",
	}
	w.as(w.owner,
		"CREATE TABLE app.nullable (tenant_id text)", "CREATE INDEX ON app.nullable (tenant_id)",
		"CREATE TABLE app.unindexed (id int PRIMARY KEY, tenant_id text NOT NULL)", "CREATE INDEX ON app.unindexed (id, tenant_id)",
		"CREATE TABLE app.partial (tenant_id text NOT NULL)", "CREATE INDEX ON app.partial (tenant_id) WHERE tenant_id <> ''",
		"CREATE TABLE app.bytes (tenant_id bytea PRIMARY KEY)",
		"CREATE TABLE app.wide (tenant_id text PRIMARY KEY)", "CREATE POLICY wide ON app.wide USING (true)",
	)
	w.super(
		"CREATE COLLATION app.fuzzy (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
		"CREATE TABLE app.fuzzy (tenant_id text COLLATE app.fuzzy PRIMARY KEY)", "ALTER TABLE app.fuzzy OWNER TO "+w.owner,
		"CREATE TABLE app.foreigner (tenant_id text PRIMARY KEY)",
	)
	d := w.settle(w.open())
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	for table, check := range want {
		if !slices.ContainsFunc(d.Hazards, func(f boundary.Finding) bool { return f.Object == "table app."+table && f.Check == check }) {
			t.Errorf("app.%s: %s is missing in\n%s", table, check, strings.Join(checks(d), "\n"))
		}
		if got := w.value(conn, "SELECT has_any_column_privilege($1, 'app.'||$2::text, 'SELECT, INSERT, UPDATE')::text", rows.GroupName(w.spec), table); got != "false" {
			t.Errorf("tenants have rights on app.%s", table)
		}
	}
	if got := w.rightsOf(rows.GroupName(w.spec)); !strings.Contains(got, "SELECT") {
		t.Errorf("tenants have no rights on the table that is fit: %q", got)
	}
}

func TestHazards(t *testing.T) {
	w := newWorld(t)
	w.settle(w.open())
	for name, c := range map[string]struct {
		// setup is run by the superuser before the plane is looked at, undo after it. World.names fills in the names.
		setup, undo string
		spec        func(*rows.Spec)
		want        string
	}{
		"missing table":      {spec: func(s *rows.Spec) { s.Protect[0].Tables = []string{"documents", "nothing"} }, want: "Warning table-missing table app.nothing"},
		"missing column":     {spec: func(s *rows.Spec) { s.Protect[0].Tables, s.Protect[0].TenantColumn = []string{"documents"}, "org" }, want: "Warning tenant-column-missing table app.documents"},
		"missing schema":     {spec: func(s *rows.Spec) { s.Protect[0].Schema = "elsewhere" }, want: "Warning schema-missing schema elsewhere"},
		"nothing to protect": {spec: func(s *rows.Spec) { s.Protect[0].TenantColumn = "org" }, want: "Warning no-tables org schema app"},
		"two columns": {spec: func(s *rows.Spec) {
			s.Protect = append(s.Protect, rows.Protect{Schema: "app", Tables: []string{"documents"}, TenantColumn: "title"})
		}, want: "Warning two-tenant-columns table app.documents"},
		"report mode": {
			setup: "ALTER TABLE app.documents NO FORCE ROW LEVEL SECURITY", undo: "ALTER TABLE app.documents FORCE ROW LEVEL SECURITY",
			spec: func(s *rows.Spec) { s.Protect[0].Mode = rows.Report }, want: "Critical report-mode table app.documents",
		},
		"superuser app":    {setup: "ALTER ROLE {app} SUPERUSER", undo: "ALTER ROLE {app} NOSUPERUSER", want: "Warning exempt-role superuser role {app}"},
		"bypassing app":    {setup: "ALTER ROLE {app} BYPASSRLS", undo: "ALTER ROLE {app} NOBYPASSRLS", want: "Warning exempt-role BYPASSRLS role {app}"},
		"app in the owner": {setup: "GRANT {owner} TO {app}", undo: "REVOKE {owner} FROM {app}", want: "Warning reaches {owner} owner of app.documents role {app}"},
		"app on the server": {
			setup: "GRANT pg_execute_server_program TO {app}", undo: "REVOKE pg_execute_server_program FROM {app}",
			want: "Warning reaches pg_execute_server_program the server's files and programs role {app}",
		},
		"app is the owner":   {spec: func(s *rows.Spec) { s.AppRoles = append(s.AppRoles, w.owner) }, want: "Warning exempt-role owner of app.documents role {owner}"},
		"app missing":        {spec: func(s *rows.Spec) { s.AppRoles = []string{"nobody_here"} }, want: "Warning app-role-missing role nobody_here"},
		"create for PUBLIC":  {setup: "GRANT CREATE ON SCHEMA app TO PUBLIC", undo: "REVOKE CREATE ON SCHEMA app FROM PUBLIC", want: "Critical public-create schema app"},
		"truncate by PUBLIC": {setup: "GRANT TRUNCATE ON app.documents TO PUBLIC", undo: "REVOKE ALL ON app.documents FROM PUBLIC", want: "Critical public-rights table app.documents"},
		"select by PUBLIC":   {setup: "GRANT SELECT ON app.documents TO PUBLIC", undo: "REVOKE ALL ON app.documents FROM PUBLIC", want: "Warning public-rights table app.documents"},
		"default rights": {
			setup: "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC",
			undo:  "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA app REVOKE SELECT ON TABLES FROM PUBLIC",
			want:  "Warning default-rights {owner}  schema app",
		},
		"superuser's view": {
			setup: "CREATE VIEW app.v AS SELECT * FROM app.documents; GRANT SELECT ON app.v TO PUBLIC", undo: "DROP VIEW app.v", want: "Critical view view app.v",
		},
		"view on a view": {
			setup: "CREATE VIEW app.u AS SELECT * FROM app.documents; CREATE VIEW app.v AS SELECT * FROM app.u; GRANT SELECT ON app.v TO {app}",
			undo:  "DROP VIEW app.u CASCADE", want: "Warning view view app.v",
		},
		"matview": {
			setup: "CREATE MATERIALIZED VIEW app.m AS SELECT * FROM app.documents; GRANT SELECT ON app.m TO PUBLIC",
			undo:  "DROP MATERIALIZED VIEW app.m", want: "Critical matview materialised view app.m",
		},
		"default tenant": {
			setup: "ALTER ROLE {app} SET app.current_tenant = 'acme'", undo: "ALTER ROLE {app} RESET app.current_tenant",
			spec: func(s *rows.Spec) { s.TenantContext = rows.Setting }, want: "Warning default-tenant  role {app}",
		},
		"orphan":             {setup: "CREATE ROLE {prefix}feed", undo: "DROP ROLE {prefix}feed", want: "Info orphan-role role {prefix}feed"},
		"public on database": {want: "Warning public-on-database database {database}"},
		"maintenance role":   {want: "Info maintenance-role role {dump}"},
		"bound maintenance":  {setup: "ALTER ROLE {dump} NOBYPASSRLS", undo: "ALTER ROLE {dump} BYPASSRLS", want: "Info maintenance-role-bound role {dump}"},
		"unlisted bypasser":  {spec: func(s *rows.Spec) { s.MaintenanceRoles = nil }, want: "Warning bypass-role role {dump}"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := w.spec
			spec.Protect = slices.Clone(w.spec.Protect)
			if c.spec != nil {
				c.spec(&spec)
			}
			w.super(w.names(c.setup))
			d, err := w.open(func(cfg *postgres.Config) { cfg.Spec = spec }).DiffPlane(context.Background(), plane.Fresh)
			w.super(w.names(c.undo))
			if want := w.names(c.want); err != nil || !slices.Contains(checks(d), want) {
				t.Errorf("missing %q in\n%s\n%v", want, strings.Join(checks(d), "\n"), err)
			}
		})
	}
	if d := w.settle(w.open()); len(d.Hazards) != 3 {
		t.Errorf("the undoing left hazards: %v", checks(d))
	}
}

// TestHarmlessViews are not reported: whoever reads them is held by the policies, or nobody reads them.
func TestHarmlessViews(t *testing.T) {
	w := newWorld(t)
	w.settle(w.open())
	w.as(w.owner, "CREATE VIEW app.of_the_owner AS SELECT * FROM app.documents", "GRANT SELECT ON app.of_the_owner TO PUBLIC")
	w.super("CREATE VIEW app.invoker WITH (security_invoker = true) AS SELECT * FROM app.documents", "GRANT SELECT ON app.invoker TO PUBLIC",
		"CREATE VIEW app.unread AS SELECT * FROM app.documents")
	for _, f := range w.settle(w.open()).Hazards {
		if strings.Contains(f.Object, "view") {
			t.Errorf("reported: %s %s", f.Object, f.Message)
		}
	}
}

// TestRevokedWhenATableTurnsUnfit: rights go when somebody adds a policy that widens ours.
func TestRevokedWhenATableTurnsUnfit(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	w.as(w.owner, "CREATE POLICY wide ON app.documents USING (true)")
	w.settle(s)
	if got := code(acme, "SELECT * FROM app.documents"); got != "42501" {
		t.Errorf("SQLSTATE %q", got)
	}
	w.as(w.owner, "DROP POLICY wide ON app.documents")
	w.settle(s)
	if got := code(acme, "SELECT * FROM app.documents"); got != "" {
		t.Errorf("not given back: SQLSTATE %q", got)
	}
}

// TestABusyTableDoesNotHoldUpTheOthers, and nothing queues behind it: the attempt ends after two seconds.
func TestABusyTableDoesNotHoldUpTheOthers(t *testing.T) {
	w := newWorld(t)
	w.as(w.owner, "CREATE TABLE app.zebras (tenant_id text NOT NULL)", "CREATE INDEX ON app.zebras (tenant_id)")
	s := w.open()
	if _, err := s.Claim(context.Background(), w.marker); err != nil {
		t.Fatal(err)
	}
	long := w.connect(w.dsn(w.owner))
	if got := code(long, "BEGIN; SELECT * FROM app.documents"); got != "" {
		t.Fatal(got)
	}
	d, err := s.DiffPlane(context.Background(), plane.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Apply(context.Background(), d.Plan)
	if plane.CauseOf(err) != plane.ApplyFailed || !strings.Contains(err.Error(), "table app.documents is busy") || strings.Contains(err.Error(), "zebras") {
		t.Errorf("want a fault about app.documents, got %v", err)
	}
	if d, err = s.DiffPlane(context.Background(), plane.Fresh); err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Plan {
		if !strings.Contains(c.Object, "documents") {
			t.Errorf("left undone: %s %s", c.Object, c.Summary)
		}
	}
	if got := w.rightsOf(rows.GroupName(w.spec)); strings.Contains(got, "SELECT") {
		t.Errorf("rights on the unprotected table: %q", got)
	}
	if got := code(long, "COMMIT"); got != "" {
		t.Fatal(got)
	}
	w.settle(s)
}

// TestTypedColumns: the condition is in the column's own type, and an index on it is used.
func TestTypedColumns(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ format, column, id string }{
		"uuid":     {rows.UUID, "uuid", "0b5a3b8e-1c5e-4f0e-9d7a-111111111111"},
		"bigint":   {rows.Integer, "bigint", "42"},
		"integer":  {rows.Integer, "integer", "42"},
		"smallint": {rows.Integer, "smallint", "42"},
		"varchar":  {rows.Text, "varchar(36)", "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			w.reset()
			w.spec.IDFormat = c.format
			w.spec.Protect[0].Tables = []string{"Odd \"Table\""}
			w.spec.Protect[0].TenantColumn = "Tenant (id)"
			w.as(w.owner, `DROP TABLE IF EXISTS app."Odd ""Table"""`, `CREATE TABLE app."Odd ""Table""" (id int GENERATED ALWAYS AS IDENTITY, "Tenant (id)" `+c.column+` NOT NULL, "select" text)`,
				`CREATE INDEX ON app."Odd ""Table""" ("Tenant (id)")`)
			s := w.open()
			w.settle(s)
			conn := w.admit(s, tenant(c.id))
			if got := code(conn, `INSERT INTO app."Odd ""Table""" ("Tenant (id)", "select") VALUES ('`+c.id+`', 'x')`); got != "" {
				t.Fatalf("insert: SQLSTATE %s", got)
			}
			if got := code(conn, "SET enable_seqscan = off"); got != "" {
				t.Fatal(got)
			}
			found, err := conn.Query(context.Background(), `EXPLAIN SELECT * FROM app."Odd ""Table"""`)
			if err != nil {
				t.Fatal(err)
			}
			var lines strings.Builder
			for found.Next() {
				values, _ := found.Values()
				fmt.Fprintln(&lines, values...)
			}
			if !strings.Contains(lines.String(), "InitPlan") || !strings.Contains(lines.String(), "Index Cond") {
				t.Errorf("no index is used:\n%s", lines.String())
			}
		})
	}
}

func TestPartitionsAreProtectedWithTheirParent(t *testing.T) {
	w := newWorld(t)
	w.as(w.owner, "CREATE TABLE app.events (tenant_id text NOT NULL, at int NOT NULL) PARTITION BY RANGE (at)", "CREATE INDEX ON app.events (tenant_id)")
	w.super("CREATE SCHEMA attic AUTHORIZATION " + w.owner)
	w.as(w.owner, "CREATE TABLE attic.events_1 PARTITION OF app.events FOR VALUES FROM (0) TO (10)")
	w.spec.Protect[0].Tables = []string{"events"}
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	w.super("INSERT INTO app.events VALUES ('acme', 1), ('globex', 2)", "GRANT USAGE ON SCHEMA attic TO PUBLIC", "GRANT SELECT ON attic.events_1 TO PUBLIC")
	for _, table := range []string{"app.events", "attic.events_1"} {
		if got := w.value(acme, "SELECT string_agg(tenant_id, ',') FROM "+table); got != "acme" {
			t.Errorf("%s shows %q", table, got)
		}
	}
}

// TestPublicLosesTheDatabase where the operator's role owns it: roles that use it keep it, others do not.
func TestPublicLosesTheDatabase(t *testing.T) {
	w := newWorld(t)
	w.super("ALTER DATABASE "+w.database+" OWNER TO "+w.operator, "CREATE ROLE stranger_"+w.app+" LOGIN PASSWORD '"+password+"'")
	t.Cleanup(func() { w.superIn("postgres", "DROP ROLE IF EXISTS stranger_"+w.app) })
	s := w.open()
	w.settle(s)
	for _, role := range []string{w.owner, w.app, w.dump, w.operator} {
		if w.refused(role) {
			t.Errorf("%s cannot connect any more", role)
		}
	}
	if !w.refused("stranger_" + w.app) {
		t.Error("a stranger can connect")
	}
	acme := w.admit(s, tenant("acme"))
	if got := code(acme, "CREATE TEMPORARY TABLE x ()"); got != "42501" {
		t.Errorf("a tenant makes temporary tables: SQLSTATE %q", got)
	}
}

func TestAnotherInstallationsPlaneIsNotTouched(t *testing.T) {
	w := newWorld(t)
	w.settle(w.open())
	mine := w.marker
	w.marker.Installation = "somebody-else"
	s := w.open(func(c *postgres.Config) { c.Marker.Installation = "somebody-else" })
	if m, err := s.Claim(context.Background(), w.marker); err != nil || m != mine {
		t.Errorf("the first claim does not win: %+v %v", m, err)
	}
	w.super("DELETE FROM tenantry.app_roles", "ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY")
	d, err := s.DiffPlane(context.Background(), plane.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(context.Background(), d.Plan); plane.CauseOf(err) != plane.OwnedElsewhere {
		t.Errorf("want %s, got %v", plane.OwnedElsewhere, err)
	}
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	if got := w.value(conn, "SELECT count(*)::text FROM tenantry.app_roles"); got != "0" {
		t.Error("something was written")
	}
}
