package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	corev1 "k8s.io/api/core/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

func suspend(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended }

// refused waits until a connection string opens nothing any more.
func refused(t *testing.T, uri string) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, "the login to be refused", func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, uri)
		if err == nil {
			_ = conn.Close(ctx)
			return errors.New("it still logs in")
		}
		// Only the server's own refusal counts: a connection can also fail because the wait is over.
		if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(refusal.Code, "28") {
			return nil
		}
		return err
	})
}

// TestNobodyVetoesASuspension: neither a Secret that its team spoils nor trouble with something else keeps a way in open.
func TestNobodyVetoesASuspension(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, c *harness.Cluster, s *harness.Servers){
		"a Secret that is not ours any more": func(t *testing.T, c *harness.Cluster, _ *harness.Servers) {
			c.Kubectl(t, nil, "-n", harness.TenantNamespace, "annotate", "secret", "acme-qdrant", tenantryv1.OwnerUIDAnnotation+"-")
			c.AwaitTenant(t, "acme", harness.Want{Type: "CredentialsIssued", Status: "False", Reason: "SecretExists"})
		},
		"a right taken from the operator's namespace": func(t *testing.T, c *harness.Cluster, _ *harness.Servers) {
			c.Kubectl(t, nil, "-n", harness.TenantNamespace, "delete", "rolebinding", "tenantry-credentials")
			c.AwaitTenant(t, "acme", harness.Want{Type: "CredentialsIssued", Status: "False", Reason: "SecretForbidden"})
		},
		"a table that changed hands": func(t *testing.T, c *harness.Cluster, s *harness.Servers) {
			s.Database.Exec(t, fmt.Sprintf(`CREATE ROLE stranger_%s`, s.Database.Name), fmt.Sprintf(`ALTER TABLE documents OWNER TO stranger_%s`, s.Database.Name))
			t.Cleanup(func() {
				s.Database.Exec(t, `DROP TABLE documents`, fmt.Sprintf(`DROP ROLE stranger_%s`, s.Database.Name))
			})
			c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "Ready", Status: "False"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, s := settled(t, operator.Options{})
			uri := c.Credential(t, "acme-postgres")["uri"]
			spoil(t, c, s)
			if _, err := harness.Connect(t, uri).Exec(t.Context(), `SELECT 1`); err != nil {
				t.Errorf("before the suspension: %v", err)
			}
			harness.Update(t, c, "", "acme", suspend)
			refused(t, uri)
		})
	}
}

// TestLeakedCredentialUnderReport: where drift is only reported, a deleted Secret still asks for a new credential.
func TestLeakedCredentialUnderReport(t *testing.T) {
	t.Parallel()
	c, _ := settled(t, operator.Options{})
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftReport })
	c.AwaitTenant(t, "acme", harness.Isolated...)
	leaked := c.Credential(t, "acme-postgres")["uri"]
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = harness.TenantNamespace, "acme-postgres"
	if err := c.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	refused(t, leaked)
	awaitSecret(t, c, "acme-postgres")
	c.AwaitTenant(t, "acme", harness.Isolated...)
}

// TestLoaderLosesTrust: a reference whose namespace is not trusted any more can be written by nobody.
func TestLoaderLosesTrust(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	law := harness.NewReference("eu-1", "eu", "law")
	law.Spec.Reference.LoaderSecretName = "law-loader"
	c.Make(t, law)
	c.AwaitCorpus(t, harness.TrustedNamespace, "law", harness.Ready)
	loader := c.Secret(t, harness.TrustedNamespace, "law-loader")["api-key"]
	if err := reads(t, s, loader, "reference_eu_law"); err != nil {
		t.Fatal(err)
	}
	harness.Update(t, c, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.TrustedNamespaces = nil })
	harness.Eventually(t, harness.SettleWithin, "the loader to be refused", func(context.Context) error {
		if reads(t, s, loader, "reference_eu_law") == nil {
			return errors.New("the loader's token still works")
		}
		return nil
	})
	c.AwaitGone(t, &corev1.Secret{}, harness.TrustedNamespace, "law-loader")
}
