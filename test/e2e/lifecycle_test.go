package e2e

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

// TestSuspension: credentials and live sessions die, data and Secrets stay, and everything works again afterwards.
func TestSuspension(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	uri := c.Credential(t, "acme-postgres")["uri"]
	live := harness.Connect(t, uri)
	if _, err := live.Exec(t.Context(), `INSERT INTO documents (tenant_id, body) VALUES ('acme', 'kept')`); err != nil {
		t.Fatal(err)
	}
	cacheURI := c.Credential(t, "acme-redis")["uri"]
	cache := harness.Redis(t, cacheURI)
	if err := cache.Set(t.Context(), "ai:acme:k", "kept", 0).Err(); err != nil {
		t.Fatal(err)
	}
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	c.AwaitTenant(t, "acme", harness.Suspended...)
	if _, err := live.Exec(t.Context(), `SELECT 1`); err == nil {
		t.Error("a live PostgreSQL session survived the suspension")
	}
	if conn, err := pgx.Connect(t.Context(), uri); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a suspended tenant can log in to PostgreSQL")
	}
	if err := cache.Get(t.Context(), "ai:acme:k").Err(); err == nil {
		t.Error("a live Redis session survived the suspension")
	}
	if err := harness.Redis(t, cacheURI).Get(t.Context(), "ai:acme:k").Err(); err == nil {
		t.Error("a suspended tenant can log in to Redis")
	}
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessActive })
	c.AwaitTenant(t, "acme", harness.Isolated...)
	if got := c.Credential(t, "acme-postgres")["uri"]; got != uri {
		t.Error("the credential changed over a suspension")
	}
	var body string
	if err := harness.Connect(t, uri).QueryRow(t.Context(), `SELECT body FROM documents`).Scan(&body); err != nil || body != "kept" {
		t.Errorf("after the suspension: %q, %v", body, err)
	}
	if v, err := harness.Redis(t, c.Credential(t, "acme-redis")["uri"]).Get(t.Context(), "ai:acme:k").Result(); err != nil || v != "kept" {
		t.Errorf("after the suspension: %q, %v", v, err)
	}
}

// TestInvariant03NothingIsDeletedUnasked: deletion closes access and keeps data and claim; the id is not given to anybody else.
func TestInvariant03NothingIsDeletedUnasked(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	uri := c.Credential(t, "acme-postgres")["uri"]
	if _, err := harness.Connect(t, uri).Exec(t.Context(), `INSERT INTO documents (tenant_id, body) VALUES ('acme', 'kept')`); err != nil {
		t.Fatal(err)
	}
	acme, err := harness.Read[tenantryv1.Tenant](t.Context(), c, "", "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	c.AwaitGone(t, &tenantryv1.Tenant{}, "", "acme")
	for _, name := range []string{"acme-postgres", "acme-redis", "acme-qdrant"} {
		c.AwaitGone(t, &corev1.Secret{}, harness.TenantNamespace, name)
	}
	if conn, err := pgx.Connect(t.Context(), uri); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a deleted tenant can log in")
	}
	var rows int
	if err := s.Database.Superuser(t).QueryRow(t.Context(), `SELECT count(*) FROM documents WHERE tenant_id = 'acme'`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows retained, %v", rows, err)
	}
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	again := c.AwaitTenant(t, "acme", harness.Want{Type: "Stalled", Status: "True", Reason: "TenantIDRetained", Says: string(acme.UID)})
	if len(again.Status.Credentials) != 0 {
		t.Errorf("credentials for a retained id: %+v", again.Status.Credentials)
	}
	if err := c.Delete(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	c.AwaitGone(t, &tenantryv1.Tenant{}, "", "acme")
}

// TestErasureIsRefused: deletionPolicy Delete closes access and then says that it erases nothing.
func TestErasureIsRefused(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	uri := c.Credential(t, "acme-postgres")["uri"]
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.DeletionPolicy = tenantryv1.DeletionDelete })
	acme, _ := harness.Read[tenantryv1.Tenant](t.Context(), c, "", "acme")
	if err := c.Delete(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	c.AwaitTenant(t, "acme", harness.Want{Type: "Stalled", Status: "True", Reason: "NotSupported", Says: "deletionPolicy: Retain"})
	if conn, err := pgx.Connect(t.Context(), uri); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a tenant that is being deleted can log in")
	}
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.DeletionPolicy = tenantryv1.DeletionRetain })
	c.AwaitGone(t, &tenantryv1.Tenant{}, "", "acme")
}

// TestTenantIDConflict: two Tenants, one id: the first claim wins, and the loser touches nothing on its way in or out.
func TestTenantIDConflict(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	uri := c.Credential(t, "acme-postgres")["uri"]
	c.Make(t, harness.NewTenant("eu-1", "impostor", func(tn *tenantryv1.Tenant) { tn.Spec.TenantID = "acme" }))
	loser := c.AwaitTenant(t, "impostor", harness.Want{Type: "Stalled", Status: "True", Reason: "TenantIDConflict", Says: "acme"})
	if len(loser.Status.Credentials) != 0 || loser.Status.TenantID != "" {
		t.Errorf("the loser has %+v", loser.Status)
	}
	if err := c.Delete(t.Context(), loser); err != nil {
		t.Fatal(err)
	}
	c.AwaitGone(t, &tenantryv1.Tenant{}, "", "impostor")
	c.AwaitTenant(t, "acme", harness.Isolated...)
	if _, err := harness.Connect(t, uri).Exec(t.Context(), `SELECT count(*) FROM documents`); err != nil {
		t.Errorf("the winner lost something: %v", err)
	}
}

// TestPlanMode shows what would be done and does nothing.
func TestPlanMode(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1")
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Mode = tenantryv1.ModePlan }))
	tn := c.AwaitTenant(t, "acme", harness.Want{Type: "Ready", Status: "False", Reason: "Planned"},
		harness.Want{Type: "Isolated", Status: "False", Reason: "Planned"})
	plan := strings.Join(tn.Status.Plan, "\n")
	for _, layer := range []string{"Vector ", "Rows ", "Cache "} {
		if !strings.Contains(plan, layer) {
			t.Errorf("the plan has nothing for %s:\n%s", layer, plan)
		}
	}
	users, err := s.RedisAdmin(t).Do(t.Context(), "ACL", "USERS").StringSlice()
	if err != nil || strings.Contains(strings.Join(users, " "), "tenant-acme") {
		t.Errorf("mode Plan made a Redis user: %v, %v", users, err)
	}
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Mode = tenantryv1.ModeEnforce })
	if tn := c.AwaitTenant(t, "acme", harness.Isolated...); len(tn.Status.Plan) != 0 {
		t.Errorf("a plan remains: %v", tn.Status.Plan)
	}
}
