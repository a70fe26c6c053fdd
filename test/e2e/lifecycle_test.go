package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/operator"
)

var isolated = []want{ready, {Type: "Isolated", Status: "True"}, {Type: "CredentialsIssued", Status: "True", Reason: "Issued"}}

// settled makes a plane with one settled tenant that has a dedicated corpus.
func settled(t *testing.T, o operator.Options) (*cluster, *servers) {
	t.Helper()
	c, s := newCluster(t), newServers(t)
	c.startOperator(t, o)
	s.dataPlane(t, c, "eu-1")
	awaitPlane(t, c, "eu-1", ready)
	c.create(t, newTenant("eu-1", "acme"))
	c.create(t, newCorpus("acme", "notes"))
	awaitCorpus(t, c, tenantNamespace, "notes", ready)
	awaitTenant(t, c, "acme", isolated...)
	c.awaitSecret(t, "acme-qdrant")
	return c, s
}

func (c *cluster) awaitSecret(t *testing.T, name string) {
	t.Helper()
	eventually(t, settleWithin, "Secret "+name, func(ctx context.Context) error {
		return c.Get(ctx, types.NamespacedName{Namespace: tenantNamespace, Name: name}, &corev1.Secret{})
	})
}

func update[T any, P interface {
	*T
	clientObject
}](t *testing.T, c *cluster, namespace, name string, edit func(P)) {
	t.Helper()
	eventually(t, settleWithin, "update "+name, func(ctx context.Context) error {
		o, err := get[T, P](ctx, c, namespace, name)
		if err != nil {
			return err
		}
		before := o.DeepCopyObject().(client.Object)
		edit(o)
		return c.Patch(ctx, o, client.MergeFrom(before))
	})
}

func updateTenant(t *testing.T, c *cluster, name string, edit func(*tenantryv1.Tenant)) {
	t.Helper()
	update(t, c, "", name, edit)
}

func (c *cluster) redisAs(t *testing.T, secret string) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(c.credential(t, secret)["uri"])
	if err != nil {
		t.Fatal(err)
	}
	cl := redis.NewClient(opts)
	t.Cleanup(func() { _ = cl.Close() })
	return cl
}

// TestSuspension: credentials and live sessions die, data and Secrets stay, and everything works again afterwards.
func TestSuspension(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	uri := c.credential(t, "acme-postgres")["uri"]
	live := connect(t, uri)
	if _, err := live.Exec(t.Context(), `INSERT INTO documents (tenant_id, body) VALUES ('acme', 'kept')`); err != nil {
		t.Fatal(err)
	}
	cache := c.redisAs(t, "acme-redis")
	if err := cache.Set(t.Context(), "ai:acme:k", "kept", 0).Err(); err != nil {
		t.Fatal(err)
	}
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	awaitTenant(t, c, "acme", want{Type: "Ready", Status: "True", Reason: "Suspended"},
		want{Type: "CredentialsIssued", Status: "False", Reason: "Revoked"})
	if _, err := live.Exec(t.Context(), `SELECT 1`); err == nil {
		t.Error("a live PostgreSQL session survived the suspension")
	}
	if conn, err := pgx.Connect(t.Context(), uri); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a suspended tenant can log in to PostgreSQL")
	}
	if err := cache.Get(t.Context(), "ai:acme:k").Err(); err == nil {
		t.Error("a suspended tenant can use Redis")
	}
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessActive })
	awaitTenant(t, c, "acme", isolated...)
	if got := c.credential(t, "acme-postgres")["uri"]; got != uri {
		t.Error("the credential changed over a suspension")
	}
	var body string
	if err := connect(t, uri).QueryRow(t.Context(), `SELECT body FROM documents`).Scan(&body); err != nil || body != "kept" {
		t.Errorf("after the suspension: %q, %v", body, err)
	}
	if v, err := c.redisAs(t, "acme-redis").Get(t.Context(), "ai:acme:k").Result(); err != nil || v != "kept" {
		t.Errorf("after the suspension: %q, %v", v, err)
	}
}

// TestRetain: deletion closes access and keeps data and claim; the id is not given to anybody else.
func TestRetain(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	uri := c.credential(t, "acme-postgres")["uri"]
	if _, err := connect(t, uri).Exec(t.Context(), `INSERT INTO documents (tenant_id, body) VALUES ('acme', 'kept')`); err != nil {
		t.Fatal(err)
	}
	acme, err := get[tenantryv1.Tenant](t.Context(), c, "", "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	c.awaitGone(t, &tenantryv1.Tenant{}, "", "acme")
	for _, name := range []string{"acme-postgres", "acme-redis", "acme-qdrant"} {
		c.awaitGone(t, &corev1.Secret{}, tenantNamespace, name)
	}
	if conn, err := pgx.Connect(t.Context(), uri); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a deleted tenant can log in")
	}
	var rows int
	if err := s.admin(t).QueryRow(t.Context(), `SELECT count(*) FROM documents WHERE tenant_id = 'acme'`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows retained, %v", rows, err)
	}
	c.create(t, newTenant("eu-1", "acme"))
	again := awaitTenant(t, c, "acme", want{Type: "Stalled", Status: "True", Reason: "TenantIDRetained", Says: string(acme.UID)})
	if len(again.Status.Credentials) != 0 {
		t.Errorf("credentials for a retained id: %+v", again.Status.Credentials)
	}
	if err := c.Delete(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	c.awaitGone(t, &tenantryv1.Tenant{}, "", "acme")
}

func (c *cluster) awaitGone(t *testing.T, o client.Object, namespace, name string) {
	t.Helper()
	eventually(t, settleWithin, fmt.Sprintf("%T %s gone", o, name), func(ctx context.Context) error {
		err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if with, ok := o.(clientObject); ok {
			return fmt.Errorf("still there: %s", summary(with))
		}
		return errNotYet
	})
}

// TestErasureIsRefused: deletionPolicy Delete closes access and then says that it erases nothing.
func TestErasureIsRefused(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	uri := c.credential(t, "acme-postgres")["uri"]
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.DeletionPolicy = tenantryv1.DeletionDelete })
	acme, _ := get[tenantryv1.Tenant](t.Context(), c, "", "acme")
	if err := c.Delete(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	eventually(t, settleWithin, "refusal", func(ctx context.Context) error {
		tn, err := get[tenantryv1.Tenant](ctx, c, "", "acme")
		if err != nil {
			return err
		}
		return want{Type: "Stalled", Status: "True", Reason: "NotSupported", Says: "deletionPolicy: Retain"}.check(tn)
	})
	if conn, err := pgx.Connect(t.Context(), uri); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a tenant that is being deleted can log in")
	}
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.DeletionPolicy = tenantryv1.DeletionRetain })
	c.awaitGone(t, &tenantryv1.Tenant{}, "", "acme")
}

// TestTenantIDConflict: two Tenants, one id: the first claim wins, and the loser touches nothing on its way in or out.
func TestTenantIDConflict(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	uri := c.credential(t, "acme-postgres")["uri"]
	c.create(t, newTenant("eu-1", "impostor", func(tn *tenantryv1.Tenant) { tn.Spec.TenantID = "acme" }))
	loser := awaitTenant(t, c, "impostor", want{Type: "Stalled", Status: "True", Reason: "TenantIDConflict", Says: "acme"})
	if len(loser.Status.Credentials) != 0 || loser.Status.TenantID != "" {
		t.Errorf("the loser has %+v", loser.Status)
	}
	if err := c.Delete(t.Context(), loser); err != nil {
		t.Fatal(err)
	}
	c.awaitGone(t, &tenantryv1.Tenant{}, "", "impostor")
	awaitTenant(t, c, "acme", isolated...)
	if _, err := connect(t, uri).Exec(t.Context(), `SELECT count(*) FROM documents`); err != nil {
		t.Errorf("the winner lost something: %v", err)
	}
}

// TestPlanMode shows what would be done and does nothing.
func TestPlanMode(t *testing.T) {
	t.Parallel()
	c, s := newCluster(t), newServers(t)
	c.startOperator(t, operator.Options{})
	s.dataPlane(t, c, "eu-1")
	awaitPlane(t, c, "eu-1", ready)
	c.create(t, newTenant("eu-1", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Mode = tenantryv1.ModePlan }))
	tn := awaitTenant(t, c, "acme", want{Type: "Ready", Status: "False", Reason: "Planned"}, want{Type: "Isolated", Status: "False", Reason: "Planned"})
	plan := strings.Join(tn.Status.Plan, "\n")
	for _, layer := range []string{"Vector ", "Rows ", "Cache "} {
		if !strings.Contains(plan, layer) {
			t.Errorf("the plan has nothing for %s:\n%s", layer, plan)
		}
	}
	users, err := s.redisAdmin(t).Do(t.Context(), "ACL", "USERS").StringSlice()
	if err != nil || strings.Contains(strings.Join(users, " "), "tenant-acme") {
		t.Errorf("mode Plan made a Redis user: %v, %v", users, err)
	}
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Mode = tenantryv1.ModeEnforce })
	if tn := awaitTenant(t, c, "acme", isolated...); len(tn.Status.Plan) != 0 {
		t.Errorf("a plan remains: %v", tn.Status.Plan)
	}
}

// TestBudgetIsNotClaimedToBeEnforced as long as nothing enforces it.
func TestBudgetIsNotClaimedToBeEnforced(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.startOperator(t, operator.Options{})
	b := &tenantryv1.AIBudget{Spec: tenantryv1.AIBudgetSpec{
		Tenant: "acme", Period: "Month", Limits: []tenantryv1.BudgetLimit{{Unit: "USD", Model: "*", Amount: "250.00"}},
	}}
	b.Namespace, b.Name = tenantNamespace, "acme"
	c.create(t, b)
	await[tenantryv1.AIBudget](t, c, tenantNamespace, "acme",
		want{Type: "Enforced", Status: "False", Reason: "NotEnforced"}, want{Type: "WithinBudget", Status: "Unknown"},
		want{Type: "Stalled", Status: "True", Reason: "NotSupported"})
}
