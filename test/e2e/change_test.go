package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

func items(t *testing.T, list client.ObjectList) []client.Object {
	t.Helper()
	raw, err := meta.ExtractList(list)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]client.Object, 0, len(raw))
	for _, o := range raw {
		out = append(out, o.(client.Object))
	}
	return out
}

// TestInvariant07RemovedRightsAreRevoked: what leaves a spec leaves the server.
func TestInvariant07RemovedRightsAreRevoked(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	law := harness.NewReference("eu-1", "eu", "law")
	law.Spec.Reference.LoaderSecretName = "" // nobody loads it
	c.Make(t, law)
	c.AwaitCorpus(t, harness.TrustedNamespace, "law", harness.Ready)

	t.Run("a jurisdiction", func(t *testing.T) {
		harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = []string{"eu"} })
		awaitToken(t, c, func(token string) error { return reads(t, s, token, "reference_eu_law") })
		wide := c.Credential(t, "acme-qdrant")["api-key"]
		harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = nil })
		awaitToken(t, c, func(string) error {
			if reads(t, s, wide, "reference_eu_law") == nil {
				return errors.New("the old token still reads the reference")
			}
			return nil
		})
		awaitToken(t, c, func(token string) error { return reads(t, s, token, "tenant_acme_notes") })
	})
	t.Run("the login", func(t *testing.T) {
		uri := c.Credential(t, "acme-postgres")["uri"]
		live := harness.Connect(t, uri)
		harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) {
			tn.Spec.Postgres = &tenantryv1.TenantPostgresSpec{Login: tenantryv1.Disabled}
		})
		c.AwaitGone(t, &corev1.Secret{}, harness.TenantNamespace, "acme-postgres")
		if _, err := live.Exec(t.Context(), `SELECT count(*) FROM documents`); err == nil {
			t.Error("the session survived")
		}
		c.AwaitTenant(t, "acme", harness.Isolated...)
	})
	t.Run("an application role", func(t *testing.T) {
		app := harness.Connect(t, s.Database.DSN(s.Database.App))
		use := func() error {
			tx, err := app.Begin(t.Context())
			if err != nil {
				return err
			}
			defer func() { _ = tx.Rollback(context.Background()) }()
			if _, err := tx.Exec(t.Context(), `SELECT tenantry.use_tenant('acme')`); err != nil {
				return err
			}
			_, err = tx.Exec(t.Context(), `SELECT count(*) FROM documents`)
			return err
		}
		if err := use(); err != nil {
			t.Fatalf("before: %v", err)
		}
		harness.Update(t, c, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Postgres.AppRoles = nil })
		c.AwaitDataPlane(t, "eu-1", harness.Ready)
		harness.Eventually(t, harness.SettleWithin, "the role to lose its rights", func(context.Context) error {
			if use() == nil {
				return errors.New("the role still acts for tenants")
			}
			return nil
		})
	})
	t.Run("the credentials", func(t *testing.T) {
		cache := harness.Redis(t, c.Credential(t, "acme-redis")["uri"])
		harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Credentials = nil })
		c.AwaitGone(t, &corev1.Secret{}, harness.TenantNamespace, "acme-redis")
		c.AwaitGone(t, &corev1.Secret{}, harness.TenantNamespace, "acme-qdrant")
		if err := cache.Get(t.Context(), "ai:acme:k").Err(); err == nil || strings.Contains(err.Error(), "nil") {
			t.Errorf("the cache user still works: %v", err)
		}
		c.AwaitTenant(t, "acme", harness.Ready, harness.Want{Type: "CredentialsIssued", Status: "True", Reason: "NoCredentials"})
	})
}

func awaitToken(t *testing.T, c *harness.Cluster, check func(token string) error) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, "the token in the Secret", func(context.Context) error {
		return check(c.Credential(t, "acme-qdrant")["api-key"])
	})
}

func reads(t *testing.T, s *harness.Servers, token, collection string) error {
	_, err := harness.Qdrant(t, s.Qdrant.Addr, token).Count(t.Context(), &qdrant.CountPoints{CollectionName: collection})
	return err
}

// TestDriftPolicy: a hand-made change is mended, or reported and left alone where that is what was asked for.
func TestDriftPolicy(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	widen := func() {
		if err := s.RedisAdmin(t).Do(t.Context(), "ACL", "SETUSER", "tenant-acme", "~*").Err(); err != nil {
			t.Fatal(err)
		}
	}
	rule := func() string {
		lines, err := s.RedisAdmin(t).Do(t.Context(), "ACL", "LIST").StringSlice()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if strings.HasPrefix(l, "user tenant-acme ") {
				return l
			}
		}
		return ""
	}
	widen()
	harness.Eventually(t, harness.SettleWithin, "the correction", func(context.Context) error {
		if strings.Contains(rule(), "~* ") {
			return errors.New("the user still reaches every key")
		}
		return nil
	})
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftReport })
	c.AwaitTenant(t, "acme", harness.Isolated...)
	widen()
	tn := c.AwaitTenant(t, "acme", harness.Want{Type: "CacheIsolated", Status: "False", Reason: "Drifted"},
		harness.Want{Type: "Ready", Status: "False"})
	if *tn.Status.FindingsTotal == 0 || tn.Status.Findings[0].Severity != "Critical" {
		t.Errorf("findings: %+v", tn.Status.Findings)
	}
	if !strings.Contains(rule(), "~* ") {
		t.Error("drift was corrected although it is only to be reported")
	}
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftCorrect })
	c.AwaitTenant(t, "acme", harness.Isolated...)
}

// TestDeletedSecretIsReplaced by a new credential; the old one dies.
func TestDeletedSecretIsReplaced(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	for _, name := range []string{"acme-postgres", "acme-redis", "acme-qdrant"} {
		old := c.Credential(t, name)
		secret := &corev1.Secret{}
		secret.Namespace, secret.Name = harness.TenantNamespace, name
		if err := c.Delete(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, harness.SettleWithin, "a new "+name, func(ctx context.Context) error {
			var s corev1.Secret
			if err := c.Get(ctx, types.NamespacedName{Namespace: harness.TenantNamespace, Name: name}, &s); err != nil {
				return err
			}
			for _, key := range []string{"password", "api-key"} {
				if v := string(s.Data[key]); v != "" && v == old[key] {
					return fmt.Errorf("%s holds the old credential", name)
				}
			}
			return nil
		})
	}
	c.AwaitTenant(t, "acme", harness.Isolated...)
}

// TestNothingShowsASecret: neither status nor events hold a password, token or key.
func TestNothingShowsASecret(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	secrets := []string{s.Database.Operator.Password, s.Redis.AdminPassword, s.Qdrant.APIKey}
	for _, name := range []string{"acme-postgres", "acme-redis", "acme-qdrant"} {
		b := c.Credential(t, name)
		secrets = append(secrets, b["password"], b["api-key"])
	}
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	c.AwaitTenant(t, "acme", harness.Want{Type: "Ready", Status: "True", Reason: "Suspended"})
	var events eventsv1.EventList
	if err := c.List(t.Context(), &events); err != nil {
		t.Fatal(err)
	}
	if len(events.Items) == 0 {
		t.Error("no Event was recorded")
	}
	shown := string(c.Kubectl(t, nil, "get", "tenantry,events", "-A", "-o", "yaml"))
	for _, secret := range secrets {
		if secret != "" && strings.Contains(shown, secret) {
			t.Error("a secret shows in status or events")
		}
	}
}
