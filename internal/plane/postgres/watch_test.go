package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

// watching starts a watch and returns the channel of its calls, once it listens.
func (w *world) watching() (<-chan struct{}, context.CancelFunc) {
	w.t.Helper()
	listening := make(chan struct{}, 100)
	s := w.open(func(c *postgres.Config) {
		c.Trace = func(kind, name string) {
			if kind == "watch" && name == "listen" {
				listening <- struct{}{}
			}
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	calls, ended := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Watch(ctx, func() { calls <- struct{}{} }); err != nil {
			w.t.Error(err)
		}
	}()
	w.t.Cleanup(func() { cancel(); <-ended })
	<-listening
	w.awaitListener()
	return calls, cancel
}

// awaitListener: LISTEN was answered, and the session waits.
func (w *world) awaitListener() {
	w.t.Helper()
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	for range 1000 {
		if w.value(conn, "SELECT count(*)::text FROM pg_stat_activity WHERE usename = $1 AND query = 'LISTEN "+rows.TellChannel+"' AND state = 'idle'", w.operator) == "1" {
			return
		}
		w.value(conn, "SELECT coalesce(pg_sleep(0.01)::text, '')")
	}
	w.t.Fatal("nobody listens")
}

func called(t *testing.T, calls <-chan struct{}) {
	t.Helper()
	select {
	case <-calls:
	case <-time.After(time.Minute):
		t.Fatal("not told")
	}
}

// TestChangesAreTold by the event triggers of the script, each kind of change by itself.
func TestChangesAreTold(t *testing.T) {
	w := guarded(t)
	calls, _ := w.watching()
	for name, sql := range map[string]string{
		"a table":       "CREATE TABLE app.told (tenant_id text)",
		"off":           "ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY",
		"a policy":      "CREATE POLICY other ON app.documents USING (true)",
		"a policy gone": "DROP POLICY tenant_isolation ON app.documents",
		"a right":       "GRANT SELECT ON app.documents TO PUBLIC",
		"a view":        "CREATE VIEW app.v AS SELECT 1",
		"a function":    "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
	} {
		t.Run(name, func(t *testing.T) {
			w.super(sql)
			called(t, calls)
		})
	}
}

// TestTemporaryTablesAreNotTold: they are made all day, and each notification costs every commit of the database a lock.
func TestTemporaryTablesAreNotTold(t *testing.T) {
	w := guarded(t)
	listener := w.connect(w.pg.SuperuserDSN(w.database))
	if got := code(listener, "LISTEN "+rows.TellChannel); got != "" {
		t.Fatal(got)
	}
	w.super("CREATE TEMPORARY TABLE x (tenant_id text)", "CREATE INDEX ON x (tenant_id)", "ALTER TABLE x ADD y int", "DROP TABLE x",
		"BEGIN", "CREATE TABLE app.given_up ()", "ROLLBACK", "NOTIFY "+rows.TellChannel+", 'last'")
	got, err := listener.WaitForNotification(context.Background())
	if err != nil || got.Payload != "last" {
		t.Errorf("told %+v, %v", got, err)
	}
}

// TestAStormIsOneLook: a tenant's login may send on the channel as often as it likes.
func TestAStormIsOneLook(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	calls, stop := w.watching()
	began := time.Now()
	for range 2000 {
		if got := code(acme, "NOTIFY "+rows.TellChannel); got != "" {
			t.Fatal(got)
		}
	}
	called(t, calls)
	took := time.Since(began)
	stop()
	if most := int(took/plane.WatchInterval) + 1; len(calls) > most {
		t.Errorf("%d more looks in %s", len(calls), took)
	}
}

// TestALostConnectionIsALook, because what was told meanwhile went unheard.
func TestALostConnectionIsALook(t *testing.T) {
	w := newWorld(t)
	w.settle(w.open())
	calls, _ := w.watching()
	w.super("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + w.operator + "' AND query LIKE 'LISTEN%'")
	called(t, calls)
}

// TestAnOldScriptStillProtects: what was installed before there was anything to tell goes on, and an Info asks for the new one.
func TestAnOldScriptStillProtects(t *testing.T) {
	w := guarded(t)
	for name, c := range map[string]struct {
		change, check string
		severity      boundary.Severity
	}{
		"installed before":   {"DROP EVENT TRIGGER " + rows.TellChanges + "; DROP EVENT TRIGGER " + rows.TellDrops, "guard-silent", boundary.Info},
		"half of it":         {"DROP EVENT TRIGGER " + rows.TellDrops, "guard-silent", boundary.Info},
		"disabled":           {"ALTER EVENT TRIGGER " + rows.TellChanges + " DISABLE", "guard-silent", boundary.Info},
		"another function":   {"CREATE OR REPLACE FUNCTION tenantry_guard.tell() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'", "guard-silent", boundary.Info},
		"of the operator":    {"ALTER FUNCTION tenantry_guard.tell() OWNER TO {op}", "guard-unsafe", boundary.Critical},
		"protects no more":   {"ALTER EVENT TRIGGER " + rows.GuardTrigger + " DISABLE", "guard-idle", boundary.Warning},
		"protects otherwise": {"ALTER FUNCTION tenantry_guard.protect_new_table() RESET search_path", "guard-idle", boundary.Warning},
	} {
		t.Run(name, func(t *testing.T) {
			w.super(w.names(c.change))
			found := map[string]boundary.Severity{}
			for _, f := range w.settle(w.open()).Hazards {
				found[f.Check] = f.Severity
			}
			if found[c.check] != c.severity {
				t.Errorf("found %v", found)
			}
			if c.check == "guard-silent" {
				table := "app.made_" + name[:4]
				w.super("CREATE TABLE " + table + " (tenant_id text)")
				if got := w.protection(table); got != "on" {
					t.Errorf("a new table: %s", got)
				}
			}
			w.super(rows.SuperuserScript(w.spec))
			for _, f := range w.settle(w.open()).Hazards {
				if f.Check == c.check {
					t.Errorf("after the remedy: %s", f.Message)
				}
			}
		})
	}
}
