package isolation

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/internal/boundary/rows"
)

// oneConnection is the application's pool with one connection: every request inherits what the last one left on it.
func oneConnection(t *testing.T, p *plane) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(p.db.DSN(p.db.App))
	if err != nil {
		t.Fatal("the DSN of the application is none that pgxpool reads")
	}
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// request takes the connection from the pool, runs statements one by one, and gives it back. It returns what the look among
// them came to, which leaves no trace: in a transaction, its failure is taken back.
func request(t *testing.T, pool *pgxpool.Pool, statements ...string) (seen string) {
	t.Helper()
	c, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	conn := c.Conn()
	for _, sql := range statements {
		switch {
		case sql != look:
			_, _ = run(t, conn, sql) // some are meant to fail
		case conn.PgConn().TxStatus() == 'T':
			_, _ = run(t, conn, "SAVEPOINT before_look")
			seen, _ = run(t, conn, look)
			_, _ = run(t, conn, "ROLLBACK TO before_look")
		default:
			seen, _ = run(t, conn, look)
		}
	}
	return seen
}

// Ways in which a request leaves a tenant behind on its connection. None of them may reach the next request, in or out of a
// transaction; but Setting has a documented weakness: what is set for the session stays.
var leftBehind = map[string]struct {
	first []string
	// during is what the request itself sees, stamped and setting; {id} is the tenant that it names.
	during, duringSetting string
	// next is what the next request gets on the stamped plane; on the other one TN001, or {id} where leaks.
	next  string
	leaks bool
}{
	"use_tenant, committed":          {[]string{"BEGIN", use, look, "COMMIT"}, "{id}", "{id}", "TN001", false},
	"use_tenant, rolled back":        {[]string{"BEGIN", use, look, "ROLLBACK"}, "{id}", "{id}", "TN001", false},
	"use_tenant, failed":             {[]string{"BEGIN", use, look, "SELECT 1/0", "COMMIT"}, "{id}", "{id}", "TN001", false},
	"use_tenant outside of one":      {[]string{use, look}, "TN001", "TN001", "TN001", false},
	"use_tenant in a savepoint":      {[]string{"BEGIN", "SAVEPOINT s", use, "RELEASE s", look, "COMMIT"}, "{id}", "{id}", "TN001", false},
	"use_tenant in one rolled back":  {[]string{"BEGIN", "SAVEPOINT s", use, "ROLLBACK TO s", look, "COMMIT"}, "TN001", "TN001", "TN001", false},
	"use_tenant in a chain":          {[]string{"BEGIN", use, "COMMIT AND CHAIN", look, "COMMIT"}, "TN001", "TN001", "TN001", false},
	"use_tenant in a block":          {[]string{"BEGIN", "DO $$ BEGIN PERFORM tenantry.use_tenant('{id}'); END $$", look, "COMMIT"}, "{id}", "{id}", "TN001", false},
	"use_tenant, prepared":           {[]string{"BEGIN", use, look, "PREPARE TRANSACTION 'left-{id}'", "ROLLBACK PREPARED 'left-{id}'"}, "{id}", "{id}", "TN001", false},
	"SET":                            {[]string{"BEGIN", "SET app.current_tenant = '{id}'", look, "COMMIT"}, "TN001", "{id}", "TN001", true},
	"SET, rolled back":               {[]string{"BEGIN", "SET app.current_tenant = '{id}'", look, "ROLLBACK"}, "TN001", "{id}", "TN001", false},
	"SET outside of a transaction":   {[]string{"SET app.current_tenant = '{id}'", look}, "TN001", "{id}", "TN001", true},
	"SET, then DISCARD ALL":          {[]string{"SET app.current_tenant = '{id}'", look, "DISCARD ALL"}, "TN001", "{id}", "TN001", false},
	"SET LOCAL":                      {[]string{"BEGIN", "SET LOCAL app.current_tenant = '{id}'", look, "COMMIT"}, "TN001", "{id}", "TN001", false},
	"SET LOCAL, rolled back":         {[]string{"BEGIN", "SET LOCAL app.current_tenant = '{id}'", look, "ROLLBACK"}, "TN001", "{id}", "TN001", false},
	"SET LOCAL outside of one":       {[]string{"SET LOCAL app.current_tenant = '{id}'", look}, "TN001", "TN001", "TN001", false},
	"set_config":                     {[]string{"BEGIN", config("app.current_tenant", "'{id}'", "false"), look, "COMMIT"}, "TN001", "{id}", "TN001", true},
	"set_config, local":              {[]string{"BEGIN", config("app.current_tenant", "'{id}'", "true"), look, "COMMIT"}, "TN001", "{id}", "TN001", false},
	"set_config, local, outside":     {[]string{config("app.current_tenant", "'{id}'", "true"), look}, "TN001", "TN001", "TN001", false},
	"the stamp's variable":           {[]string{"SET tenantry.stamp = '{id}'", look}, "TN003", "TN001", "TN003", false},
	"a forged stamp":                 {[]string{"BEGIN", config("tenantry.stamp", stampOf, "false"), look, "COMMIT"}, "{id}", "TN001", "TN003", false},
	"a forged stamp outside of one":  {[]string{config("tenantry.stamp", stampOf, "false"), look}, "TN003", "TN001", "TN003", false},
	"a forged stamp, rolled back":    {[]string{"BEGIN", config("tenantry.stamp", stampOf, "false"), look, "ROLLBACK"}, "{id}", "TN001", "TN001", false},
	"the stamp kept for the session": {[]string{"BEGIN", use, config("tenantry.stamp", "current_setting('tenantry.stamp', true)", "false"), look, "COMMIT"}, "{id}", "{id}", "TN003", false},
}

const (
	use  = "SELECT tenantry.use_tenant('{id}')"
	look = "-- what the request itself sees\n" + whose
)

func config(name, value, local string) string {
	return "SELECT set_config('" + name + "', " + value + ", " + local + ")"
}

func TestAPooledConnectionForgetsItsTenant(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		id := p.open[0]
		for name, c := range leftBehind {
			t.Run(p.name+"/"+name, func(t *testing.T) {
				during, next := c.during, c.next
				if p == w.setting {
					during, next = c.duringSetting, rows.CodeUnset
					if c.leaks {
						next = "{id}"
					}
				}
				for _, then := range [][]string{{look}, {"BEGIN", look, "COMMIT"}} {
					pool := oneConnection(t, p)
					if got := request(t, pool, each(id, c.first)...); got != of(id, during) {
						t.Errorf("the request itself got %q, want %q", got, of(id, during))
					}
					if got := request(t, pool, then...); got != of(id, next) {
						t.Errorf("the next request, %q, got %q, want %q", then, got, of(id, next))
					}
				}
			})
		}
	}
}

func each(id string, statements []string) []string {
	out := make([]string, len(statements))
	for i, s := range statements {
		out[i] = of(id, s)
	}
	return out
}

// TestAPreparedStatementServesTwoTenants: a plan that was made for one tenant shows the next one only its own rows, whoever
// made it; and nobody's without a tenant.
func TestAPreparedStatementServesTwoTenants(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		for _, mode := range []string{"auto", "force_generic_plan", "force_custom_plan"} {
			conn := p.db.Connect(t, p.db.App)
			run(t, conn, "SET plan_cache_mode = "+mode)
			prepared := false
			for range 3 {
				for _, id := range p.open {
					run(t, conn, "BEGIN")
					run(t, conn, p.acts(id))
					if !prepared {
						run(t, conn, "PREPARE everything AS "+whose)
						prepared = true
					}
					if got, _ := run(t, conn, "EXECUTE everything"); got != id {
						t.Errorf("%s, %s: the statement shows %s the rows of %q", p.name, mode, id, got)
					}
					run(t, conn, "COMMIT")
				}
			}
			if got, _ := run(t, conn, "EXECUTE everything"); got != rows.CodeUnset {
				t.Errorf("%s, %s: without a tenant the statement comes to %q", p.name, mode, got)
			}
		}
	}
}

// TestTheTenantOfATransaction: within one transaction, the last word counts; and a tenant that is closed is closed to the
// application, too, however it names it.
func TestTheTenantOfATransaction(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		a, b := p.open[0], p.open[1]
		bare := map[bool]string{true: "tenantry.stamp", false: "app.current_tenant"}[p == w.stamped]
		names := func(id string) string {
			value := of(id, stampOf)
			if p == w.setting {
				value = quoted(id)
			}
			return config(bare, value, "true")
		}
		app := p.db.Connect(t, p.db.App)
		for name, c := range map[string]struct {
			want       string
			statements []string
		}{
			"unset":                     {rows.CodeUnset, nil},
			"empty":                     {rows.CodeUnset, []string{of("", use)}},
			"null":                      {rows.CodeUnset, []string{"SELECT tenantry.use_tenant(NULL)"}},
			"never declared":            {rows.CodeUnknown, []string{of(undeclared, use)}},
			"suspended":                 {rows.CodeSuspended, []string{of(p.suspended, use)}},
			"gone":                      {rows.CodeSuspended, []string{of(p.retained, use)}},
			"never declared, bare":      {rows.CodeUnknown, []string{names(undeclared)}},
			"suspended, bare":           {rows.CodeSuspended, []string{names(p.suspended)}},
			"gone, bare":                {rows.CodeSuspended, []string{names(p.retained)}},
			"of the other plane":        {rows.CodeUnknown, []string{of(map[bool]string{true: "north", false: "acme"}[p == w.stamped], use)}},
			"other letters":             {rows.CodeUnknown, []string{of(strings.ToUpper(a), use)}},
			"a space after it":          {rows.CodeUnknown, []string{of(a+" ", use)}},
			"a pattern":                 {rows.CodeUnknown, []string{of("%", use)}},
			"one":                       {a, []string{of(a, use)}},
			"one, then another":         {b, []string{of(a, use), of(b, use)}},
			"another, taken back":       {a, []string{of(a, use), "SAVEPOINT s", of(b, use), "ROLLBACK TO s"}},
			"the role of the group":     {a, []string{of(a, use), "SET LOCAL ROLE " + group(t, app)}},
			"another time zone":         {a, []string{of(a, use), "SET LOCAL TimeZone = 'Asia/Tokyo'", "SET LOCAL DateStyle = 'German'", "SET LOCAL extra_float_digits = 0"}},
			"a read-only transaction":   {a, []string{"SET TRANSACTION READ ONLY", of(a, use)}},
			"a serializable one":        {a, []string{"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", of(a, use)}},
			"row_security off":          {denied, []string{of(a, use), "SET LOCAL row_security = off"}},
			"a path through temporary":  {a, []string{of(a, use), "SET LOCAL search_path = pg_temp, public"}},
			"a role that is not its to": {denied, []string{of(a, use), "SET LOCAL ROLE " + p.db.Owner.Name}},
		} {
			if got := try(t, app, append(c.statements, whose)...); got != c.want {
				t.Errorf("%s: %s: %q, want %q", p.name, name, got, c.want)
			}
		}
	}
}

// TestAQueryWithoutATenant is a clear error that names the remedy which works on this plane.
func TestAQueryWithoutATenant(t *testing.T) {
	w := theWorld(t)
	for name, c := range map[string]struct {
		plane  *plane
		before string
		hints  []string
	}{
		"stamped":                    {w.stamped, "SELECT 1", []string{"SELECT tenantry.use_tenant(id)", "after BEGIN", "same transaction"}},
		"stamped, with a setting":    {w.stamped, "SET app.current_tenant = 'acme'", []string{"app.current_tenant is set", "Stamped", "SELECT tenantry.use_tenant(id)"}},
		"setting":                    {w.setting, "SELECT 1", []string{"SET LOCAL app.current_tenant", "tenantry.use_tenant(id)", "same transaction"}},
		"stamped by another":         {w.stamped, "SET tenantry.stamp = '1/2/acme'", []string{"in every transaction"}},
		"setting, with somebody odd": {w.setting, "SET app.current_tenant = 'Acme'", []string{"apply a Tenant"}},
	} {
		for _, query := range []string{"SELECT * FROM documents", "INSERT INTO slugs VALUES ('x', 'acme')", "UPDATE events SET what = ''", "DELETE FROM payments", "SELECT * FROM all_documents"} {
			conn := c.plane.db.Connect(t, c.plane.db.App)
			run(t, conn, c.before)
			_, err := conn.Exec(t.Context(), query)
			e, ok := errors.AsType[*pgconn.PgError](err)
			if !ok {
				t.Errorf("%s: %s: %v", name, query, err)
				continue
			}
			for _, part := range c.hints {
				if !strings.Contains(e.Hint, part) {
					t.Errorf("%s: %s: %s %s; the hint %q does not say %q", name, query, e.Code, e.Message, e.Hint, part)
				}
			}
			if e.Message == "" || !strings.HasPrefix(e.Code, "TN") {
				t.Errorf("%s: %s: %s %s", name, query, e.Code, e.Message)
			}
		}
	}
}
