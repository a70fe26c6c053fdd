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

// TestRemovedRightsAreRevoked: what leaves a spec leaves the server.
func TestRemovedRightsAreRevoked(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	c.namespace(t, "platform", true)
	c.create(t, newCorpus("", "law", func(c *tenantryv1.Corpus) {
		c.Namespace = "platform"
		c.Spec.Reference = &tenantryv1.ReferenceSpec{DataPlane: "eu-1", Jurisdiction: "eu"}
	}))
	awaitCorpus(t, c, "platform", "law", ready)

	t.Run("a jurisdiction", func(t *testing.T) {
		updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = []string{"eu"} })
		c.awaitToken(t, s, func(token string) error { return s.reads(t, token, "reference_eu_law") })
		wide := c.credential(t, "acme-qdrant")["api-key"]
		updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = nil })
		c.awaitToken(t, s, func(string) error {
			if s.reads(t, wide, "reference_eu_law") == nil {
				return errors.New("the old token still reads the reference")
			}
			return nil
		})
		c.awaitToken(t, s, func(token string) error { return s.reads(t, token, "tenant_acme_notes") })
	})
	t.Run("the login", func(t *testing.T) {
		uri := c.credential(t, "acme-postgres")["uri"]
		live := connect(t, uri)
		updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) {
			tn.Spec.Postgres = &tenantryv1.TenantPostgresSpec{Login: tenantryv1.Disabled}
		})
		c.awaitGone(t, &corev1.Secret{}, tenantNamespace, "acme-postgres")
		if _, err := live.Exec(t.Context(), `SELECT count(*) FROM documents`); err == nil {
			t.Error("the session survived")
		}
		awaitTenant(t, c, "acme", isolated...)
	})
	t.Run("an application role", func(t *testing.T) {
		app := connect(t, s.pg.DSN(s.appRole, s.appPassword, s.db))
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
		update(t, c, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Postgres.AppRoles = nil })
		awaitPlane(t, c, "eu-1", ready)
		eventually(t, settleWithin, "the role to lose its rights", func(context.Context) error {
			if use() == nil {
				return errors.New("the role still acts for tenants")
			}
			return nil
		})
	})
	t.Run("the credentials", func(t *testing.T) {
		cache := c.redisAs(t, "acme-redis")
		updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Credentials = nil })
		c.awaitGone(t, &corev1.Secret{}, tenantNamespace, "acme-redis")
		c.awaitGone(t, &corev1.Secret{}, tenantNamespace, "acme-qdrant")
		if err := cache.Get(t.Context(), "ai:acme:k").Err(); err == nil || strings.Contains(err.Error(), "nil") {
			t.Errorf("the cache user still works: %v", err)
		}
		awaitTenant(t, c, "acme", ready, want{Type: "CredentialsIssued", Status: "True", Reason: "NoCredentials"})
	})
}

func (c *cluster) awaitToken(t *testing.T, _ *servers, check func(token string) error) {
	t.Helper()
	eventually(t, settleWithin, "the token in the Secret", func(context.Context) error {
		return check(c.credential(t, "acme-qdrant")["api-key"])
	})
}

func (s *servers) reads(t *testing.T, token, collection string) error {
	_, err := s.qdrantAs(t, token).Count(t.Context(), &qdrant.CountPoints{CollectionName: collection})
	return err
}

// TestDriftPolicy: a hand-made change is mended, or reported and left alone where that is what was asked for.
func TestDriftPolicy(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	widen := func() {
		if err := s.redisAdmin(t).Do(t.Context(), "ACL", "SETUSER", "tenant-acme", "~*").Err(); err != nil {
			t.Fatal(err)
		}
	}
	rule := func() string {
		lines, err := s.redisAdmin(t).Do(t.Context(), "ACL", "LIST").StringSlice()
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
	eventually(t, settleWithin, "the correction", func(context.Context) error {
		if strings.Contains(rule(), "~* ") {
			return errNotYet
		}
		return nil
	})
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftReport })
	awaitTenant(t, c, "acme", isolated...)
	widen()
	tn := awaitTenant(t, c, "acme", want{Type: "CacheIsolated", Status: "False", Reason: "Drifted"}, want{Type: "Ready", Status: "False"})
	if tn.Status.FindingsTotal == 0 || tn.Status.Findings[0].Severity != "Critical" {
		t.Errorf("findings: %+v", tn.Status.Findings)
	}
	if !strings.Contains(rule(), "~* ") {
		t.Error("drift was corrected although it is only to be reported")
	}
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftCorrect })
	awaitTenant(t, c, "acme", isolated...)
}

// TestDeletedSecretIsReplaced by a new credential; the old one dies.
func TestDeletedSecretIsReplaced(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	for _, name := range []string{"acme-postgres", "acme-redis", "acme-qdrant"} {
		old := c.credential(t, name)
		secret := &corev1.Secret{}
		secret.Namespace, secret.Name = tenantNamespace, name
		if err := c.Delete(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		eventually(t, settleWithin, "a new "+name, func(ctx context.Context) error {
			var s corev1.Secret
			if err := c.Get(ctx, types.NamespacedName{Namespace: tenantNamespace, Name: name}, &s); err != nil {
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
	awaitTenant(t, c, "acme", isolated...)
}

// TestNothingShowsASecret: neither status nor events hold a password, token or key.
func TestNothingShowsASecret(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	secrets := []string{s.opPassword, s.redis.AdminPassword, s.qdrant.APIKey}
	for _, name := range []string{"acme-postgres", "acme-redis", "acme-qdrant"} {
		b := c.credential(t, name)
		secrets = append(secrets, b["password"], b["api-key"])
	}
	updateTenant(t, c, "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	awaitTenant(t, c, "acme", want{Type: "Ready", Status: "True", Reason: "Suspended"})
	var events eventsv1.EventList
	if err := c.List(t.Context(), &events); err != nil {
		t.Fatal(err)
	}
	if len(events.Items) == 0 {
		t.Error("no Event was recorded")
	}
	shown := string(c.kubectl(t, nil, "get", "tenantry,events", "-A", "-o", "yaml"))
	for _, secret := range secrets {
		if secret != "" && strings.Contains(shown, secret) {
			t.Error("a secret shows in status or events")
		}
	}
}
