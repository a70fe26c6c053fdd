package isolation

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/test/harness"
)

// whose lists the tenants whose rows a session sees.
const whose = `SELECT string_agg(DISTINCT tenant_id, ',' ORDER BY tenant_id) FROM public.documents`

// stampOf forges what use_tenant() writes.
const stampOf = `extract(epoch FROM transaction_timestamp())::text || '/' || pg_backend_pid() || '/{id}'`

// TestBecomingAnother sends everything with which a session might become another tenant, as each tenant's login, and looks at
// whose rows it then sees: its own, or the statement was refused.
func TestBecomingAnother(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		untouched(t, p)
		logins := w.loginNames(t, p)
		replace := strings.NewReplacer("{app}", p.db.App.Name, "{owner}", p.db.Owner.Name, "{op}", p.db.Operator.Name, "{dump}", p.db.Maintenance.Name)
		pairs(p.open, func(me, other string) {
			conn := w.login(t, me)
			for statement, want := range map[string]string{
				`SET app.current_tenant = '{id}'`:                            me,
				`SET LOCAL app.current_tenant = '{id}'`:                      me,
				`SELECT set_config('app.current_tenant', '{id}', false)`:     me,
				`SELECT set_config('app.current_tenant', '{id}', true)`:      me,
				`SET tenantry.stamp = '{id}'`:                                me,
				`SELECT set_config('tenantry.stamp', ` + stampOf + `, true)`: me,
				`SELECT tenantry.use_tenant('{id}')`:                         rows.CodeNotTenant,
				`SELECT tenantry.use_tenant('` + me + `')`:                   rows.CodeNotTenant,
				`SET ROLE {app}`:                                                 denied,
				`SET LOCAL ROLE {app}`:                                           denied,
				`SELECT set_config('role', '{app}', true)`:                       denied,
				`SET ROLE {owner}`:                                               denied,
				`SET ROLE {op}`:                                                  denied,
				`SET ROLE {dump}`:                                                denied,
				`SET ROLE postgres`:                                              denied,
				`SET ROLE pg_read_all_data`:                                      denied,
				`SET ROLE ` + logins[other]:                                      denied,
				`SET ROLE ` + logins[me]:                                         me,
				`SET ROLE ` + group(t, conn):                                     me,
				`SET ROLE ` + group(t, conn) + `; RESET ROLE`:                    me,
				`RESET ROLE`:                                                     me,
				`SET ROLE NONE`:                                                  me,
				`SET SESSION AUTHORIZATION {app}`:                                denied,
				`SET SESSION AUTHORIZATION ` + logins[other]:                     denied,
				`SET SESSION AUTHORIZATION postgres`:                             denied,
				`SELECT set_config('session_authorization', '{app}', true)`:      denied,
				`SET SESSION AUTHORIZATION DEFAULT`:                              me,
				`RESET SESSION AUTHORIZATION`:                                    me,
				`SET row_security = off`:                                         denied, // the query, rather than the rows
				`SET row_security = on`:                                          me,
				`SET session_replication_role = replica`:                         denied,
				`SET search_path = pg_temp, public, pg_catalog`:                  me,
				`SET plan_cache_mode = force_generic_plan`:                       me,
				`SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`:                   me,
				`SET TimeZone = 'Asia/Tokyo'`:                                    me,
				`SET extra_float_digits = 0`:                                     me,
				`SET constraint_exclusion = on`:                                  me,
				`RESET ALL`:                                                      me,
				`ALTER ROLE CURRENT_USER SUPERUSER`:                              denied,
				`ALTER ROLE CURRENT_USER BYPASSRLS`:                              denied,
				`ALTER ROLE CURRENT_USER CREATEROLE`:                             denied,
				`ALTER ROLE CURRENT_USER CREATEDB`:                               denied,
				`ALTER ROLE CURRENT_USER REPLICATION`:                            denied,
				`ALTER ROLE CURRENT_USER CONNECTION LIMIT -1`:                    denied,
				`ALTER ROLE CURRENT_USER VALID UNTIL 'infinity'`:                 denied,
				`ALTER ROLE ` + logins[other] + ` PASSWORD 'mine'`:               denied,
				`ALTER ROLE ` + logins[other] + ` SET app.current_tenant = 'x'`:  denied,
				`GRANT ` + logins[other] + ` TO CURRENT_USER`:                    denied,
				`GRANT {app} TO CURRENT_USER`:                                    denied,
				`GRANT ` + group(t, conn) + ` TO {app}`:                          denied,
				`CREATE ROLE mine`:                                               denied,
				`CREATE ROLE mine IN ROLE ` + logins[other]:                      denied,
				`DROP ROLE ` + logins[other]:                                     denied,
				`REASSIGN OWNED BY {owner} TO CURRENT_USER`:                      denied,
				`INSERT INTO tenantry.app_roles VALUES (session_user)`:           denied,
				`UPDATE tenantry.logins SET tenant_id = '{id}'`:                  denied,
				`SELECT pg_catalog.set_config('is_superuser', 'on', true)`:       "55P02",
				`SELECT set_config('session_preload_libraries', 'x', true)`:      denied,
				`DO $$ BEGIN EXECUTE 'SET LOCAL ROLE {app}'; END $$`:             denied,
				`DO $$ BEGIN PERFORM tenantry.use_tenant('{id}'); END $$`:        rows.CodeNotTenant,
				`EXPLAIN ANALYZE SELECT * FROM documents WHERE tenant_id='{id}'`: me,
			} {
				if got := try(t, conn, replace.Replace(of(other, statement)), whose); got != want {
					t.Errorf("%s, after %s about %s: %q, want %q", me, statement, other, got, want)
				}
			}
			if got, _ := run(t, conn, "DISCARD ALL"); got != "DISCARD ALL" {
				t.Errorf("DISCARD ALL: %s", got)
			}
			if got := try(t, conn, whose); got != me {
				t.Errorf("%s after DISCARD ALL: %q", me, got)
			}
		})
		t.Run(p.name+"/control", func(t *testing.T) { becomingWorksForWhoMay(t, p) })
	}
}

// becomingWorksForWhoMay: the same statements do what they say for those who may: the refusals are not about spelling.
func becomingWorksForWhoMay(t *testing.T, p *plane) {
	other := p.open[1]
	app := p.db.Connect(t, p.db.App)
	stamp := "tenantry.stamp"
	if p.context == "Setting" {
		stamp = "app.current_tenant"
	}
	for statement, want := range map[string]string{
		p.acts(other): other,
		of(other, `SELECT set_config('`+stamp+`', `+map[bool]string{true: stampOf, false: `'{id}'`}[stamp == "tenantry.stamp"]+`, true)`): other,
		of(other, `SELECT tenantry.use_tenant('{id}')`): other,
	} {
		if got := try(t, app, statement, whose); got != want {
			t.Errorf("the application, after %s: %q, want %q", statement, got, want)
		}
	}
	admin := p.db.Superuser(t)
	for _, statement := range []string{"SET ROLE " + p.db.App.Name, "SET SESSION AUTHORIZATION " + p.db.App.Name} {
		if got := try(t, admin, statement, "SELECT current_user"); got != p.db.App.Name {
			t.Errorf("a superuser, after %s: %q", statement, got)
		}
	}
}

// loginNames are the login roles of the plane's tenants, as their Secrets name them.
func (w *world) loginNames(t *testing.T, p *plane) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, id := range p.open {
		out[id] = w.Credential(t, id+"-postgres")["username"]
	}
	return out
}

// group is the role through which the session has its rights.
func group(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	return try(t, conn, `SELECT string_agg(roleid::regrole::text, ',') FROM pg_auth_members WHERE member = session_user::regrole`)
}

// TestSettingsOfAConnection: what a client sends as it connects changes nothing, either.
func TestSettingsOfAConnection(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		pairs(p.open, func(me, other string) {
			for options, want := range map[string]string{
				"-c app.current_tenant=" + other:       me,
				"-c tenantry.stamp=" + other:           me,
				"-c role=" + p.db.App.Name:             denied,
				"-c session_authorization=" + other:    "22023",
				"-c row_security=off":                  denied,
				"-c search_path=pg_temp,public":        me,
				"-c session_replication_role=replica":  denied,
				"-c default_transaction_deferrable=on": me,
			} {
				conn, refused := w.loginWith(t, w.Credential(t, me+"-postgres")["uri"], func(c *pgx.ConnConfig) { c.RuntimeParams["options"] = options })
				got := refused
				if conn != nil {
					got = try(t, conn, whose)
				}
				if got != want {
					t.Errorf("%s connected with %s: %q, want %q", me, options, got, want)
				}
			}
		})
		// The control: an application on the plane where the bare setting counts becomes the tenant by it.
		if p == w.setting {
			app, _ := w.loginWith(t, p.db.DSN(p.db.App), func(c *pgx.ConnConfig) { c.RuntimeParams["options"] = "-c app.current_tenant=" + p.open[0] })
			if got := try(t, app, whose); got != p.open[0] {
				t.Errorf("the control: %q", got)
			}
		}
	}
}

// TestATenantChangesItself: a role may change its own password and its own settings. Neither opens anybody else's rows, and
// the settings are gone at the next audit.
func TestATenantChangesItself(t *testing.T) {
	w := theWorld(t)
	p := w.stamped
	me, other := p.open[0], p.open[1]
	secret := w.Credential(t, me+"-postgres")
	conn := harness.Connect(t, secret["uri"])
	role := secret["username"]

	t.Cleanup(func() { p.db.Exec(t, "ALTER ROLE "+role+" RESET ALL") })
	for setting, refused := range map[string]bool{
		"search_path = pg_temp, public": false, "default_transaction_isolation = serializable": false, "work_mem = '1GB'": false,
		"session_replication_role = replica": true, "session_preload_libraries = x": true,
	} {
		if out, failed := run(t, conn, "ALTER ROLE CURRENT_USER SET "+setting); failed != refused {
			t.Errorf("ALTER ROLE CURRENT_USER SET %s: %s", setting, out)
		}
	}
	// From PostgreSQL 15 on these are refused; before, they are taken and mean nothing.
	for _, setting := range []string{"app.current_tenant = " + quoted(other), "tenantry.stamp = " + quoted(other), "role = " + p.db.App.Name} {
		_, _ = run(t, conn, "ALTER ROLE CURRENT_USER SET "+setting)
	}
	if got := try(t, w.login(t, me), whose); got != me {
		t.Errorf("with settings of its own, %s sees %q", me, got)
	}
	admin := p.db.Superuser(t)
	awaitValue(t, admin, "the role's settings to be reset", "0", `SELECT count(*) FROM pg_db_role_setting WHERE setrole = '`+role+`'::regrole`)

	const own = "a password that only the tenant knows"
	if out, failed := run(t, conn, "ALTER ROLE CURRENT_USER PASSWORD '"+own+"'"); failed {
		t.Fatalf("a role may change its own password, and this one may not: %s", out)
	}
	again, refused := w.loginWith(t, secret["uri"], func(c *pgx.ConnConfig) { c.Password = own })
	if refused != "" {
		t.Fatalf("login with the password it chose: %s", refused)
	}
	if got := try(t, again, whose); got != me {
		t.Errorf("with a password of its own, %s sees %q", me, got)
	}
	if out, failed := run(t, again, "ALTER ROLE CURRENT_USER PASSWORD "+quoted(secret["password"])); failed {
		t.Fatalf("changing it back: %s", out)
	}
	if got := try(t, w.login(t, me), whose); got != me {
		t.Errorf("with the issued password again, %s sees %q", me, got)
	}
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
