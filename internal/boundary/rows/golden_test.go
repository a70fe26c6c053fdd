package rows

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a text with testdata/<name>.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (go test -update writes it): %s", path, diff)
	}
}

// show prints a Diff as golden files have it.
func show(d boundary.Diff) string {
	phases := []string{"close", "build", "open", "remove"}
	var b strings.Builder
	for _, c := range d.Plan {
		op := c.Op.(Op)
		b.WriteString(phases[c.Phase] + " | " + op.Unit() + " | " + c.Object + " | " + string(c.Kind) + " | " + string(c.Severity) + "\n")
		b.WriteString("  " + c.Summary + "\n")
		text := op.String()
		if strings.HasPrefix(text, "CREATE OR REPLACE FUNCTION") {
			text, _, _ = strings.Cut(text, " AS ")
		}
		b.WriteString("    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n")
	}
	for _, f := range d.Hazards {
		b.WriteString("finding | " + f.Check + " | " + f.Object + " | " + string(f.Kind) + " | " + string(f.Severity) + "\n  " + f.Message + "\n")
	}
	if d.Conflict != nil {
		b.WriteString("conflict | " + d.Conflict.Message + "\n")
	}
	return b.String()
}

// observedPlane is a claimed database in which nothing else was done yet.
func observedPlane() PlaneState {
	return PlaneState{
		Server: ServerState{Version: 150018, Database: "shop", Operator: "tenantry", MayGrantConnect: true, SchemaVersion: boundary.SchemaVersion, Users: []string{"owner"}},
		Roles:  map[string]Role{"app": {Name: "app"}, "dump": {Name: "dump", BypassRLS: true}},
		Tables: []Table{{
			OID: 100, Schema: "app", Name: "documents", Owner: "owner", MayAlter: true, Sequences: []string{`"app"."documents_id_seq"`},
			Columns: []Column{
				{Name: "id", Quoted: "id", Type: "bigint", NotNull: true, Drawn: true, Leads: true},
				{Name: "tenant_id", Quoted: "tenant_id", Type: "text", NotNull: true, Leads: true},
				{Name: "title", Quoted: "title", Type: "text"},
			},
		}},
		Schemas:    map[string]SchemaState{"app": {Name: "app", MayGrant: true, Owner: "owner"}},
		Members:    map[string][]string{},
		Bypassers:  []string{"dump"},
		Registered: []string{"left-over"},
		Rights: []Right{
			{Kind: "DATABASE", Object: `"shop"`, Privilege: "CONNECT", Grantor: "owner"},
			{Kind: "DATABASE", Object: `"shop"`, Privilege: "TEMPORARY", Grantor: "owner"},
		},
	}
}

func TestPlanOfANewPlane(t *testing.T) {
	have := observedPlane()
	golden(t, "plane_new", show(DiffPlane(testSpec(), have)))
	have.Server.MayAlterDatabase = true
	spec := testSpec()
	spec.TenantContext, spec.IDFormat = Setting, UUID
	golden(t, "plane_new_setting_uuid", show(DiffPlane(spec, have)))
}

func TestPlanOfAnExposedTable(t *testing.T) {
	have := observedPlane()
	group := GroupName(testSpec())
	for _, privilege := range []string{"SELECT", "INSERT", "TRUNCATE"} {
		have.Rights = append(have.Rights, Right{Kind: "TABLE", Object: `"app"."documents"`, Privilege: privilege, Grantee: group, Grantor: "owner", MayRevoke: true})
	}
	have.Rights = append(have.Rights, Right{Kind: "TABLE", Object: `"app"."elsewhere"`, Privilege: "SELECT", Grantee: group, Grantor: "somebody"})
	have.Tables[0].RLS = true
	have.Tables[0].Policies = []Policy{{Name: PolicyName, Permissive: true, Command: "*", Public: true, Using: "true", Check: "true"}, {Name: "narrow", Command: "*"}}
	golden(t, "plane_exposed", show(DiffPlane(testSpec(), have)))
}

func newTenant(access boundary.Access) boundary.Tenant {
	return boundary.Tenant{ID: "acme", UID: "uid-1", Name: "acme", Access: access, Login: true}
}

func withSecret(t boundary.Tenant) boundary.Tenant {
	t.Credentials = map[boundary.Layer]boundary.Credential{boundary.Rows: {Secret: "plain-text-password"}}
	return t
}

// openTenant is what stands for a tenant that was let in with the password of withSecret.
func openTenant() TenantState {
	s := testSpec()
	name := LoginName(s, "uid-1", 0)
	return TenantState{
		Claim: &boundary.Claim{TenantID: "acme", UID: "uid-1"}, State: stateActive,
		Logins: map[string]Login{name: {Role: name, TenantID: "acme", Fingerprint: boundary.Secret("plain-text-password").Fingerprint()}},
		Roles:  map[string]Role{name: {OID: 7, Name: name, Login: true, Inherit: true, ConnLimit: LoginConnectionLimit, MemberOf: []string{GroupName(s)}}},
	}
}

func TestTenantPlans(t *testing.T) {
	changed := func(f func(*TenantState, *Role)) TenantState {
		st := openTenant()
		name := LoginName(testSpec(), "uid-1", 0)
		r := st.Roles[name]
		f(&st, &r)
		st.Roles[name] = r
		return st
	}
	noLogin := withSecret(newTenant(boundary.Open))
	noLogin.Login = false
	for name, c := range map[string]struct {
		want boundary.Tenant
		have TenantState
	}{
		"new":             {newTenant(boundary.Open), TenantState{}},
		"new_with_secret": {withSecret(newTenant(boundary.Open)), TenantState{}},
		"settled":         {withSecret(newTenant(boundary.Open)), openTenant()},
		"suspended":       {withSecret(newTenant(boundary.Suspended)), openTenant()},
		"new_suspended":   {newTenant(boundary.Suspended), TenantState{}},
		"retained":        {newTenant(boundary.Retained), openTenant()},
		"never_claimed":   {newTenant(boundary.Retained), TenantState{}},
		"no_login":        {noLogin, openTenant()},
		"suspended_tampered": {withSecret(newTenant(boundary.Suspended)), changed(func(_ *TenantState, r *Role) {
			r.MemberOf, r.Holdings = append(r.MemberOf, "owner"), []Holding{{Object: "large object 1", Owned: true}}
			r.Shares, r.Shared, r.Crowded = true, true, true
		})},
		"claimed_by_another": {newTenant(boundary.Open), changed(func(st *TenantState, _ *Role) {
			st.Claim = &boundary.Claim{TenantID: "acme", UID: "uid-2"}
		})},
		"bypassing": {withSecret(newTenant(boundary.Open)), changed(func(_ *TenantState, r *Role) { r.BypassRLS = true })},
		"bypassing_and_holding": {withSecret(newTenant(boundary.Open)), changed(func(_ *TenantState, r *Role) {
			r.BypassRLS, r.Holdings = true, []Holding{{Owned: true, Object: "large object 1"}}
		})},
		"tampered": {withSecret(newTenant(boundary.Open)), changed(func(_ *TenantState, r *Role) {
			r.CreateRole, r.Inherit, r.Expires, r.ConnLimit = true, false, true, -1
			r.MemberOf, r.Admin, r.Members = append(r.MemberOf, "owner"), r.MemberOf, []string{"app"}
			r.SettingsIn = []string{"", "shop"}
			r.Holdings = []Holding{{Object: "table documents", Revoke: "TABLE app.documents"}, {Object: "table other"}}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := DiffTenant(testSpec(), c.want, c.have)
			if err != nil {
				t.Fatal(err)
			}
			text := show(d)
			if strings.Contains(text, "plain-text-password") {
				t.Error("the plan shows the password")
			}
			golden(t, "tenant_"+name, text)
		})
	}
}

func TestTenantIsRefused(t *testing.T) {
	wrongRole := withSecret(newTenant(boundary.Open))
	wrongRole.Credentials[boundary.Rows] = boundary.Credential{Username: "somebody", Secret: "x"}
	badID := newTenant(boundary.Open)
	badID.ID = "Acme"
	for name, want := range map[string]boundary.Tenant{"credential of another role": wrongRole, "id": badID} {
		t.Run(name, func(t *testing.T) {
			if _, err := DiffTenant(testSpec(), want, TenantState{}); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := DiffTenant(Spec{}, newTenant(boundary.Open), TenantState{}); err == nil {
		t.Error("a plane without keys names roles")
	}
}

func TestSuperuserScript(t *testing.T) {
	golden(t, "superuser_script", SuperuserScript(testSpec()))
	shipped, err := os.ReadFile("../../../docs/postgres/protect-new-tables.sql")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(SuperuserScript(Spec{}), string(shipped)); diff != "" {
		t.Errorf("docs/postgres/protect-new-tables.sql is not what SuperuserScript returns: %s", diff)
	}
}

func TestPolicyComparison(t *testing.T) {
	column := Column{Name: "tenant_id", Quoted: "tenant_id", Type: "text"}
	const printed = "(tenant_id = ( SELECT tenantry.current_tenant() AS current_tenant))"
	good := Policy{Name: PolicyName, Permissive: true, Command: "*", Public: true, Using: printed, Check: printed}
	for name, c := range map[string]struct {
		change func(*Policy)
		want   bool
	}{
		"ours": {func(*Policy) {}, true},
		"varchar": {func(p *Policy) {
			p.Using = "((tenant_id)::text = ( SELECT tenantry.current_tenant() AS current_tenant))"
		}, true},
		"or true": {func(p *Policy) {
			p.Using = "((tenant_id = ( SELECT tenantry.current_tenant() AS current_tenant)) OR true)"
		}, false},
		"no subquery":    {func(p *Policy) { p.Using = "(tenant_id = tenantry.current_tenant())" }, false},
		"other function": {func(p *Policy) { p.Using = "(tenant_id = ( SELECT app.current_tenant() AS current_tenant))" }, false},
		"other column":   {func(p *Policy) { p.Check = "(title = ( SELECT tenantry.current_tenant() AS current_tenant))" }, false},
		"no check":       {func(p *Policy) { p.Check = "" }, false},
		"unequal":        {func(p *Policy) { p.Using = "(tenant_id <> ( SELECT tenantry.current_tenant() AS current_tenant))" }, false},
		"select only":    {func(p *Policy) { p.Command = "r" }, false},
		"restrictive":    {func(p *Policy) { p.Permissive = false }, false},
		"some roles":     {func(p *Policy) { p.Public = false }, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := good
			c.change(&p)
			if got := p.is(column, (Spec{}).currentTenant("text")); got != c.want {
				t.Errorf("is ours: %v", got)
			}
		})
	}
}
