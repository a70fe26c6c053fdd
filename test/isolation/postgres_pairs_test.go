package isolation

import (
	"bytes"
	"strings"
	"testing"
)

// attempt is a statement about the rows of {id}, tried by {me}: about its own rows first, which is the control, then about
// another's.
type attempt struct {
	sql        []string
	own, other string
}

func one(sql, own, other string) attempt { return attempt{[]string{sql}, own, other} }

// everybody's attempts, with a login and through the application.
var attempts = map[string]attempt{
	"count":                  one(`SELECT count(*) FROM documents WHERE tenant_id = '{id}'`, "2", "0"),
	"read":                   one(`SELECT body FROM documents WHERE tenant_id = '{id}' ORDER BY id`, "first of {id}; second of {id}", "SELECT 0"),
	"read by content":        one(`SELECT body FROM documents WHERE body = 'first of {id}'`, "first of {id}", "SELECT 0"),
	"read by key":            one(`SELECT amount FROM invoices WHERE tenant_id = '{id}' AND number = 'INV-{id}'`, "100", "SELECT 0"),
	"read by a global key":   one(`SELECT tenant_id FROM slugs WHERE slug = 'slug-of-{id}'`, "{id}", "SELECT 0"),
	"read partitions":        one(`SELECT what FROM events WHERE tenant_id = '{id}' ORDER BY at`, "old of {id}; new of {id}", "SELECT 0"),
	"exists":                 one(`SELECT EXISTS (SELECT FROM documents WHERE tenant_id = '{id}')`, "t", "f"),
	"join":                   one(`SELECT i.number FROM payments p JOIN invoices i USING (tenant_id, number) WHERE p.tenant_id = '{id}'`, "INV-{id}", "SELECT 0"),
	"correlated subquery":    one(`SELECT (SELECT max(body) FROM documents WHERE tenant_id = '{id}')`, "second of {id}", ""),
	"window":                 one(`SELECT DISTINCT count(*) OVER (PARTITION BY tenant_id) FROM documents WHERE tenant_id = '{id}'`, "2", "SELECT 0"),
	"sample":                 one(`SELECT count(*) FROM documents TABLESAMPLE SYSTEM (100) WHERE tenant_id = '{id}'`, "2", "0"),
	"by place in the file":   one(`SELECT count(*) FROM documents WHERE ctid > '(0,0)' AND tenant_id = '{id}'`, "2", "0"),
	"lock rows":              one(`SELECT body FROM documents WHERE tenant_id = '{id}' ORDER BY id FOR UPDATE`, "first of {id}; second of {id}", "SELECT 0"),
	"leak one row":           one(`SELECT count(*) FROM documents WHERE 1 / (CASE body WHEN 'first of {id}' THEN 0 ELSE 1 END) = 1 AND tenant_id = '{id}'`, "22012", "0"),
	"union with a literal":   one(`SELECT body FROM documents WHERE body = 'first of {id}' UNION ALL SELECT 'x'`, "first of {id}; x", "x"),
	"cursor":                 {[]string{`DECLARE c CURSOR FOR SELECT body FROM documents WHERE tenant_id = '{id}' ORDER BY id`, `FETCH ALL c`}, "first of {id}; second of {id}", "FETCH 0"},
	"prepared":               {[]string{`PREPARE pairs(text) AS SELECT count(*) FROM documents WHERE tenant_id = $1`, `EXECUTE pairs('{id}')`, `DEALLOCATE pairs`, `SELECT count(*) FROM documents WHERE tenant_id = '{id}'`}, "2", "0"},
	"view of the owner":      one(`SELECT count(*) FROM all_documents WHERE tenant_id = '{id}'`, "2", "0"),
	"function of the owner":  one(`SELECT count(*) FROM every_document() WHERE tenant_id = '{id}'`, "2", "0"),
	"insert":                 one(`INSERT INTO documents (tenant_id, body) VALUES ('{id}', 'planted')`, "INSERT 0 1", denied),
	"insert returning":       one(`INSERT INTO documents (tenant_id, body) VALUES ('{id}', 'planted') RETURNING tenant_id`, "{id}", denied),
	"insert from a query":    one(`INSERT INTO documents (tenant_id, body) SELECT '{id}', amount::text FROM invoices`, "INSERT 0 1", denied),
	"insert into partitions": one(`INSERT INTO events VALUES ('{id}', '2021-01-01', 'planted')`, "INSERT 0 1", denied),
	"upsert":                 one(`INSERT INTO invoices VALUES ('{id}', 'INV-{id}', 0) ON CONFLICT (tenant_id, number) DO UPDATE SET amount = 0`, "INSERT 0 1", denied),
	"upsert a global key":    one(`INSERT INTO slugs VALUES ('slug-of-{id}', '{me}') ON CONFLICT (slug) DO UPDATE SET slug = 'stolen-from-{id}'`, "INSERT 0 1", denied),
	"upsert, and be told":    one(`INSERT INTO slugs VALUES ('slug-of-{id}', '{me}') ON CONFLICT (slug) DO UPDATE SET slug = excluded.slug RETURNING tenant_id`, "{id}", denied),
	"refer to":               one(`INSERT INTO payments VALUES ('{me}', 2, 'INV-{id}')`, "INSERT 0 1", "23503"),
	"update":                 one(`UPDATE documents SET body = 'overwritten' WHERE tenant_id = '{id}'`, "UPDATE 2", "UPDATE 0"),
	"update by content":      one(`UPDATE documents SET body = 'overwritten' WHERE body LIKE '%of {id}'`, "UPDATE 2", "UPDATE 0"),
	"update returning":       one(`UPDATE invoices SET amount = 0 WHERE number = 'INV-{id}' RETURNING tenant_id`, "{id}", "UPDATE 0"),
	"update from":            one(`UPDATE documents d SET body = i.number FROM invoices i WHERE i.tenant_id = '{id}' AND d.tenant_id = i.tenant_id`, "UPDATE 2", "UPDATE 0"),
	"update a global key":    one(`UPDATE slugs SET slug = 'mine' WHERE slug = 'slug-of-{id}'`, "UPDATE 1", "UPDATE 0"),
	"update partitions":      one(`UPDATE events SET what = 'overwritten' WHERE tenant_id = '{id}'`, "UPDATE 2", "UPDATE 0"),
	"update in a query":      one(`WITH u AS (UPDATE documents SET body = 'x' WHERE tenant_id = '{id}' RETURNING 1) SELECT count(*) FROM u`, "2", "0"),
}

// mergeAttempts need PostgreSQL 15.
var mergeAttempts = map[string]attempt{
	"merge, matched":     one(`MERGE INTO invoices i USING (SELECT 'INV-{id}' AS n) s ON i.number = s.n WHEN MATCHED THEN UPDATE SET amount = 0`, "MERGE 1", "MERGE 0"),
	"merge, not matched": one(`MERGE INTO invoices i USING (SELECT 'x' AS n) s ON i.number = s.n WHEN NOT MATCHED THEN INSERT VALUES ('{id}', 'x', 0)`, "MERGE 1", denied),
}

// appAttempts need rights that tenants do not have and the application does.
var appAttempts = map[string]attempt{
	"delete":            one(`DELETE FROM documents WHERE tenant_id = '{id}'`, "DELETE 2", "DELETE 0"),
	"delete returning":  one(`DELETE FROM slugs WHERE slug = 'slug-of-{id}' RETURNING tenant_id`, "{id}", "DELETE 0"),
	"delete using":      one(`DELETE FROM documents d USING invoices i WHERE i.number = 'INV-{id}' AND d.tenant_id = i.tenant_id`, "DELETE 2", "DELETE 0"),
	"move rows":         one(`UPDATE documents SET tenant_id = '{id}'`, "UPDATE 2", denied),
	"move by an upsert": one(`INSERT INTO slugs VALUES ('slug-of-{me}', '{me}') ON CONFLICT (slug) DO UPDATE SET tenant_id = '{id}'`, "INSERT 0 1", denied),
}

// loginAttempts are refused about anybody's rows; that the statement as such is one is shown by appAttempts.
var loginAttempts = map[string]attempt{
	"delete":    one(`DELETE FROM documents WHERE tenant_id = '{id}'`, denied, denied),
	"move rows": one(`UPDATE documents SET tenant_id = '{id}'`, denied, denied),
}

// TestRowsOfEveryPair is the matrix: every ordered pair of tenants, with a login and through the application.
func TestRowsOfEveryPair(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		untouched(t, p)
		merge := try(t, p.db.Superuser(t), `SELECT current_setting('server_version_num')::int >= 150000`) == "t"
		for _, me := range p.open {
			for _, v := range w.ways(t, p, me) {
				t.Run(p.name+"/"+me+"/"+v.name, func(t *testing.T) {
					sets := []map[string]attempt{attempts, map[string]map[string]attempt{"login": loginAttempts, "application": appAttempts}[v.name]}
					if merge {
						sets = append(sets, mergeAttempts)
					}
					for _, set := range sets {
						for name, a := range set {
							a.check(t, v, name, me, p.open)
						}
					}
				})
			}
		}
	}
}

// check tries the attempt about one's own rows, and about those of everybody else.
func (a attempt) check(t *testing.T, v way, name, me string, everybody []string) {
	t.Helper()
	for _, id := range append([]string{me}, everybody...) {
		want, about := a.other, "of "+id
		if id == me {
			want, about = a.own, "its own"
		}
		var statements []string
		for _, sql := range a.sql {
			statements = append(statements, of(id, strings.ReplaceAll(sql, "{me}", me)))
		}
		if got := v.try(t, statements...); got != of(id, want) {
			t.Errorf("%s: %s, rows %s: %q, want %q", me, name, about, got, of(id, want))
		}
	}
}

// TestRowsListed: whoever asks for everything gets its own.
func TestRowsListed(t *testing.T) {
	w := theWorld(t)
	for _, p := range w.planes() {
		for _, me := range p.open {
			for _, v := range w.ways(t, p, me) {
				for _, table := range append([]string{"all_documents", "every_document()"}, tables...) {
					if got := v.try(t, `SELECT string_agg(DISTINCT tenant_id, ',') FROM `+table); got != me {
						t.Errorf("%s by %s: %s lists the tenants %q", me, v.name, table, got)
					}
				}
				if got := v.copyOut(t, "documents"); got != of(me, "first of {id}\nsecond of {id}\n") {
					t.Errorf("%s by %s copies out %q", me, v.name, got)
				}
			}
		}
	}
}

// copyOut is what COPY TO gives, in a transaction that is rolled back.
func (v way) copyOut(t *testing.T, table string) string {
	t.Helper()
	run(t, v.conn, "BEGIN; "+strings.Join(v.before, "; "))
	defer run(t, v.conn, "ROLLBACK")
	var out bytes.Buffer
	if _, err := v.conn.PgConn().CopyTo(t.Context(), &out, "COPY "+table+" (body) TO STDOUT"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
