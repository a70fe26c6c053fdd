package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

func with(t boundary.Tenant, change func(*boundary.Tenant)) boundary.Tenant {
	change(&t)
	return t
}

func suspended(t boundary.Tenant) boundary.Tenant {
	return with(t, func(t *boundary.Tenant) { t.Access = boundary.Suspended })
}

func retained(t boundary.Tenant) boundary.Tenant {
	return with(t, func(t *boundary.Tenant) { t.Access = boundary.Retained })
}

// refused says whether a login fails.
func (w *world) refused(role string) bool {
	conn, err := pgx.Connect(context.Background(), w.dsn(role))
	if err == nil {
		_ = conn.Close(context.Background())
	}
	return err != nil
}

func TestSuspensionEndsLiveSessions(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	login := rows.LoginName(w.spec, "uid-acme", 0)
	if got := w.value(acme, "SELECT count(*)::text FROM app.documents"); got != "0" {
		t.Fatal(got)
	}
	w.converge(s, w.withPassword(suspended(tenant("acme"))))
	if got := code(acme, "SELECT 1"); got != "57P01" {
		t.Errorf("the live session answers %q, want 57P01: terminated", got)
	}
	if !w.refused(login) {
		t.Error("a suspended tenant can log in")
	}
	if got := request(w.oneConnection(), useAcme); got != rows.CodeSuspended {
		t.Errorf("the application acting for a suspended tenant gets %q, want %s", got, rows.CodeSuspended)
	}

	w.converge(s, w.withPassword(tenant("acme")))
	acme = w.connect(w.dsn(login))
	if got := w.value(acme, "SELECT count(*)::text FROM app.documents"); got != "0" {
		t.Errorf("after the suspension was lifted: %q", got)
	}
}

// TestSessionOfAClosedRoleIsDrift: NOLOGIN alone leaves sessions alive.
func TestSessionOfAClosedRoleIsDrift(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	login := rows.LoginName(w.spec, "uid-acme", 0)
	w.super("ALTER ROLE "+login+" NOLOGIN PASSWORD NULL", "UPDATE tenantry.logins SET fingerprint = ''", "UPDATE tenantry.tenants SET state = 'Suspended'")
	w.clock.SetTime(w.clock.Now().Add(time.Minute))
	w.converge(s, w.withPassword(suspended(tenant("acme"))))
	if got := code(acme, "SELECT 1"); got != "57P01" {
		t.Errorf("the session of a closed role answers %q, want 57P01: terminated", got)
	}
}

func TestTheFirstClaimWins(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.converge(s, tenant("acme"))
	other := with(tenant("acme"), func(t *boundary.Tenant) { t.UID = "uid-other" })
	for _, f := range []plane.Freshness{plane.Recent, plane.Fresh} {
		d, err := s.DiffTenant(context.Background(), other, f)
		if err != nil || d.Conflict == nil || d.Conflict.Holder != "uid-acme" || len(d.Plan) > 0 {
			t.Errorf("want a conflict with uid-acme and no plan, got %+v %v", d, err)
		}
	}
	if d, err := s.DiffTenant(context.Background(), retained(other), plane.Fresh); err != nil || !d.Settled() {
		t.Errorf("who lost the conflict has nothing to leave behind: %+v %v", d, err)
	}
}

// TestTwoTenantsAtOnce applies two plans that were both made when nobody held the id.
func TestTwoTenantsAtOnce(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	other := with(tenant("acme"), func(t *boundary.Tenant) { t.UID = "uid-other" })
	var plans []boundary.Plan
	for _, want := range []boundary.Tenant{tenant("acme"), other} {
		d, err := s.DiffTenant(context.Background(), want, plane.Fresh)
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, d.Plan)
	}
	errs := []error{s.Apply(context.Background(), plans[0]), s.Apply(context.Background(), plans[1])}
	if errs[0] != nil || errs[1] == nil || !strings.Contains(errs[1].Error(), "claimed by another Tenant") {
		t.Errorf("want the second refused, got %v", errs)
	}
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	if got := w.value(conn, "SELECT string_agg(uid, ',') FROM tenantry.claims"); got != "uid-acme" {
		t.Errorf("claims: %s", got)
	}
	if got := w.value(conn, "SELECT count(*)::text FROM pg_roles WHERE rolname = $1", rows.LoginName(w.spec, "uid-other", 0)); got != "0" {
		t.Error("the loser left a role behind")
	}
}

func TestRetainedKeepsRowsAndTombstone(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	if got := code(acme, "INSERT INTO app.documents (tenant_id, title) VALUES ('acme', 'kept')"); got != "" {
		t.Fatal(got)
	}
	w.converge(s, w.withPassword(retained(tenant("acme"))))
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	got := []string{
		w.value(conn, "SELECT string_agg(title, ',') FROM app.documents"),
		w.value(conn, "SELECT uid || ' ' || tombstone || ' ' || state FROM tenantry.claims JOIN tenantry.tenants USING (tenant_id)"),
		w.value(conn, "SELECT count(*)::text FROM pg_roles WHERE rolname = $1", rows.LoginName(w.spec, "uid-acme", 0)),
		code(acme, "SELECT 1"),
		request(w.oneConnection(), useAcme),
	}
	if diff := cmp.Diff([]string{"kept", "uid-acme true Retained", "0", "57P01", rows.CodeSuspended}, got); diff != "" {
		t.Error(diff)
	}
	again := with(tenant("acme"), func(t *boundary.Tenant) { t.UID = "uid-new" })
	if d, err := s.DiffTenant(context.Background(), again, plane.Fresh); err != nil || d.Conflict == nil || !d.Conflict.Tombstone {
		t.Errorf("the id was recycled: %+v %v", d, err)
	}
}

// TestRetainedRoleThatOwnsSomething is closed and reported, because dropping it would take data along.
func TestRetainedRoleThatOwnsSomething(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	acme := w.admit(s, tenant("acme"))
	oid := w.value(acme, "SELECT lo_create(0)::text")
	d := w.converge(s, w.withPassword(retained(tenant("acme"))))
	if !slices.ContainsFunc(d.Hazards, func(f boundary.Finding) bool { return f.Check == "login-holds-objects" }) {
		t.Errorf("not reported: %+v", d.Hazards)
	}
	if !w.refused(rows.LoginName(w.spec, "uid-acme", 0)) {
		t.Error("the role can log in")
	}
	w.super("SELECT lo_unlink(" + oid + ")")
	w.clock.SetTime(w.clock.Now().Add(time.Minute))
	w.converge(s, w.withPassword(retained(tenant("acme"))))
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	if got := w.value(conn, "SELECT count(*)::text FROM tenantry.logins"); got != "0" {
		t.Error("the role stayed although nothing held it any more")
	}
}

func TestLoginDisabledDropsTheRole(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.admit(s, tenant("acme"))
	w.converge(s, with(tenant("acme"), func(t *boundary.Tenant) { t.Login = false }))
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	if got := w.value(conn, "SELECT count(*)::text FROM pg_roles WHERE rolname = $1", rows.LoginName(w.spec, "uid-acme", 0)); got != "0" {
		t.Error("the role stands")
	}
	if got := request(w.oneConnection(), useAcme); got != "" {
		t.Errorf("the application can no longer act for the tenant: %s", got)
	}
}

// TestDriftOfALoginRole changes by hand what Tenantry made, one thing at a time.
func TestDriftOfALoginRole(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.admit(s, tenant("acme"))
	w.admit(s, tenant("globex"))
	login, other := rows.LoginName(w.spec, "uid-acme", 0), rows.LoginName(w.spec, "uid-globex", 0)
	want := w.withPassword(tenant("acme"))
	for name, c := range map[string]struct {
		change   string
		severity boundary.Severity
	}{
		"bypassrls":            {"ALTER ROLE " + login + " BYPASSRLS", boundary.Critical},
		"replication":          {"ALTER ROLE " + login + " REPLICATION", boundary.Critical},
		"createdb":             {"ALTER ROLE " + login + " CREATEDB", boundary.Critical},
		"createrole":           {"ALTER ROLE " + login + " CREATEROLE", boundary.Critical},
		"noinherit":            {"ALTER ROLE " + login + " NOINHERIT", boundary.Warning},
		"connection limit":     {"ALTER ROLE " + login + " CONNECTION LIMIT -1", boundary.Warning},
		"valid until":          {"ALTER ROLE " + login + " VALID UNTIL '2001-01-01'", boundary.Warning},
		"settings":             {"ALTER ROLE " + login + " SET work_mem = '1GB'", boundary.Info},
		"settings in database": {"ALTER ROLE " + login + " IN DATABASE " + w.database + " SET work_mem = '1GB'", boundary.Info},
		"member of the owner":  {"GRANT " + w.owner + " TO " + login, boundary.Critical},
		"member of another":    {"GRANT " + other + " TO " + login, boundary.Critical},
		"out of the group":     {"REVOKE " + rows.GroupName(w.spec) + " FROM " + login, boundary.Warning},
		"group with admin":     {"GRANT " + rows.GroupName(w.spec) + " TO " + login + " WITH ADMIN OPTION", boundary.Critical},
		"a member of its own":  {"GRANT " + login + " TO " + w.app, boundary.Warning},
		"table grant":          {"GRANT TRUNCATE ON app.documents TO " + login, boundary.Critical},
		"column grant":         {"GRANT UPDATE (tenant_id) ON app.documents TO " + login, boundary.Critical},
		"schema grant":         {"GRANT CREATE ON SCHEMA app TO " + login, boundary.Critical},
		"no login":             {"ALTER ROLE " + login + " NOLOGIN", boundary.Warning},
		"no record":            {"DELETE FROM tenantry.logins WHERE role_name = '" + login + "'", boundary.Warning},
		"no state":             {"DELETE FROM tenantry.tenants WHERE tenant_id = 'acme'", boundary.Warning},
		"dropped":              {"DROP ROLE " + login, boundary.Warning},
	} {
		t.Run(name, func(t *testing.T) {
			w.super(c.change)
			w.clock.SetTime(w.clock.Now().Add(time.Minute))
			d, err := s.DiffTenant(context.Background(), want, plane.Recent)
			if err != nil || d.Settled() {
				t.Fatalf("not found by the next audit: %v", err)
			}
			if got := d.Findings()[0].Severity; got != c.severity {
				t.Errorf("severity %s, want %s: %+v", got, c.severity, d.Findings())
			}
			w.converge(s, want)
			conn := w.connect(w.dsn(login))
			if got := w.value(conn, "SELECT tenantry.current_tenant()"); got != "acme" {
				t.Errorf("mended into %q", got)
			}
		})
	}
}

// TestDriftThatOnlyASuperuserMends is reported with the SQL.
func TestDriftThatOnlyASuperuserMends(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.admit(s, tenant("acme"))
	login := rows.LoginName(w.spec, "uid-acme", 0)
	w.super("ALTER ROLE " + login + " SUPERUSER")
	d, err := s.DiffTenant(context.Background(), w.withPassword(tenant("acme")), plane.Fresh)
	if err != nil || len(d.Hazards) != 1 || d.Hazards[0].Severity != boundary.Critical || !strings.Contains(d.Hazards[0].Message, "NOSUPERUSER") {
		t.Errorf("got %+v %v", d.Hazards, err)
	}
}

// TestARightThatSomebodyElseGave cannot be taken away by the owner, and so not by the operator: it is reported, once.
func TestARightThatSomebodyElseGave(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.admit(s, tenant("acme"))
	login := rows.LoginName(w.spec, "uid-acme", 0)
	w.super("GRANT SELECT ON app.documents TO "+w.dump+" WITH GRANT OPTION", "SET ROLE "+w.dump+"; GRANT SELECT ON app.documents TO "+login)
	d, err := s.DiffTenant(context.Background(), w.withPassword(tenant("acme")), plane.Fresh)
	if err != nil || !d.Settled() || len(d.Hazards) != 1 || d.Hazards[0].Severity != boundary.Critical {
		t.Errorf("got %+v %v", d, err)
	}
}
