package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

// TestWhoMayNameWhat: nothing is built for those that may not name a Tenant or a plane, and they are told why.
func TestWhoMayNameWhat(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	c.Namespace(t, "other-team", true)
	c.Namespace(t, "bare", false)
	elsewhere := harness.NewCorpus("acme", "intruder")
	elsewhere.Namespace = "other-team"
	c.Make(t, elsewhere)
	c.AwaitCorpus(t, "other-team", "intruder",
		harness.Want{Type: "Stalled", Status: "True", Reason: "NamespaceNotAllowed", Says: "spec.namespaces"})

	forged := harness.NewReference("eu-1", "eu-gdpr", "forged")
	forged.Namespace = harness.TenantNamespace
	c.Make(t, forged)
	c.AwaitCorpus(t, harness.TenantNamespace, "forged",
		harness.Want{Type: "Stalled", Status: "True", Reason: "NamespaceNotAllowed", Says: "trustedNamespaces"})
	c.Make(t, harness.NewReference("eu-1", "eu-gdpr", "law"))
	c.AwaitCorpus(t, harness.TrustedNamespace, "law", harness.Ready)

	c.Make(t, harness.NewTenant("eu-1", "no-rights", func(tn *tenantryv1.Tenant) {
		tn.Spec.Namespaces, tn.Spec.Credentials.Namespace = []string{"bare"}, "bare"
	}))
	c.AwaitTenant(t, "no-rights", harness.Want{Type: "CredentialsIssued", Status: "False", Reason: "SecretForbidden",
		Says: "kubectl -n bare create rolebinding tenantry-credentials --clusterrole=tenantry-credentials --serviceaccount=tenantry-system:tenantry-controller-manager"},
		harness.Want{Type: "Isolated", Status: "True"}, harness.Want{Type: "Ready", Status: "False"})

	squatted := &corev1.Secret{StringData: map[string]string{"password": "theirs"}}
	squatted.Namespace, squatted.Name = harness.TenantNamespace, "squatted-redis"
	c.Make(t, squatted)
	c.Make(t, harness.NewTenant("eu-1", "squatted"))
	c.AwaitTenant(t, "squatted", harness.Want{Type: "CredentialsIssued", Status: "False", Reason: "SecretExists", Says: "team/squatted-redis"})
	var after corev1.Secret
	if err := c.Get(t.Context(), types.NamespacedName{Namespace: harness.TenantNamespace, Name: "squatted-redis"}, &after); err != nil ||
		string(after.Data["password"]) != "theirs" || len(after.Data) != 1 {
		t.Errorf("somebody else's Secret was touched: %v %v", after.Data, err)
	}
	if got := collections(t, s); got["reference_eu-gdpr_forged"] || got["tenant_acme_intruder"] {
		t.Errorf("something was built: %v", got)
	}
}

func collections(t *testing.T, s *harness.Servers) map[string]bool {
	t.Helper()
	names, err := s.QdrantAdmin(t).ListCollections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

// TestLimitsOfCorpora: quota, names, placement and shape.
func TestLimitsOfCorpora(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.Namespace(t, "other-team", true)
	foreign := "tenant_acme_taken"
	if err := s.QdrantAdmin(t).CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: foreign, VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 8, Distance: qdrant.Distance_Dot}),
	}); err != nil {
		t.Fatal(err)
	}
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1")
	c.Make(t, harness.NewTenant("eu-1", "acme", func(tn *tenantryv1.Tenant) {
		tn.Spec.MaxCorpora, tn.Spec.Namespaces = 2, []string{harness.TenantNamespace, "other-team"}
	}))
	c.Make(t, harness.NewCorpus("acme", "notes"))
	c.AwaitCorpus(t, harness.TenantNamespace, "notes", harness.Ready)
	for name, tc := range map[string]struct {
		corpus *tenantryv1.Corpus
		want   harness.Want
	}{
		"the name is taken in another namespace": {harness.NewCorpus("acme", "notes", func(c *tenantryv1.Corpus) { c.Namespace = "other-team" }),
			harness.Want{Type: "Stalled", Status: "True", Reason: "NameConflict", Says: harness.TenantNamespace}},
		"no such tenant": {harness.NewCorpus("nobody", "a"), harness.Want{Type: "Ready", Status: "False", Reason: "TenantNotFound", Says: "nobody"}},
		"no such shared collection": {harness.NewCorpus("acme", "b", harness.InSharedCollection, func(c *tenantryv1.Corpus) { c.Spec.SharedCollection = "nowhere" }),
			harness.Want{Type: "Stalled", Status: "True", Reason: "SharedCollectionNotFound"}},
		"shared by contradiction": {harness.NewCorpus("acme", "c", harness.InSharedCollection, func(c *tenantryv1.Corpus) { c.Spec.Isolation = "" }),
			harness.Want{Type: "Stalled", Status: "True", Reason: "InvalidSpec", Says: "isolation: Shared"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.Make(t, tc.corpus)
			c.AwaitCorpus(t, tc.corpus.Namespace, tc.corpus.Name, tc.want)
		})
	}
	c.Make(t, harness.NewCorpus("acme", "taken"))
	c.AwaitCorpus(t, harness.TenantNamespace, "taken",
		harness.Want{Type: "Stalled", Status: "True", Reason: "CollectionExists", Says: foreign})
	c.Make(t, harness.NewCorpus("acme", "too-many"))
	c.AwaitCorpus(t, harness.TenantNamespace, "too-many",
		harness.Want{Type: "Stalled", Status: "True", Reason: "QuotaExceeded", Says: "maxCorpora"})
	info, err := s.QdrantAdmin(t).GetCollectionInfo(t.Context(), foreign)
	if err != nil || info.GetConfig().GetParams().GetVectorsConfig().GetParams().GetSize() != 8 {
		t.Errorf("somebody else's collection was touched: %v, %v", info, err)
	}
}

// TestBadInput: a condition says what is wrong and how to mend it; mended, everything goes on without a restart.
func TestBadInput(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Qdrant.APIKeySecretRef.Name = "not-there" })
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.Make(t, harness.NewTenant("nowhere", "lost"))

	c.AwaitTenant(t, "lost", harness.Want{Type: "Ready", Status: "False", Reason: "DataPlaneNotFound", Says: "nowhere"})
	c.AwaitDataPlane(t, "eu-1",
		harness.Want{Type: "QdrantReachable", Status: "False", Reason: "SecretNotFound", Says: "tenantry.dev/data-plane=eu-1"})
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "PostgresReachable", Status: "True"}, harness.Want{Type: "RedisReachable", Status: "True"})

	fix := func(name string, edit func(*corev1.Secret)) {
		t.Helper()
		harness.Eventually(t, harness.SettleWithin, "edit Secret "+name, func(ctx context.Context) error {
			var secret corev1.Secret
			if err := c.Get(ctx, types.NamespacedName{Namespace: harness.SystemNamespace, Name: name}, &secret); err != nil {
				return err
			}
			edit(&secret)
			return c.Update(ctx, &secret)
		})
	}
	unlabelled := &corev1.Secret{StringData: map[string]string{"api-key": "wrong"}}
	unlabelled.Namespace, unlabelled.Name = harness.SystemNamespace, "not-there"
	c.Make(t, unlabelled)
	c.AwaitDataPlane(t, "eu-1",
		harness.Want{Type: "QdrantReachable", Status: "False", Reason: "SecretNotLabelled", Says: "kubectl -n tenantry-system label secret not-there"})
	fix("not-there", func(s *corev1.Secret) { s.Labels = map[string]string{tenantryv1.DataPlaneLabel: "eu-1"} })
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "QdrantReachable", Status: "False", Reason: "AuthenticationFailed"})
	fix("not-there", func(s2 *corev1.Secret) { s2.Data = map[string][]byte{"other": []byte("x")} })
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "QdrantReachable", Status: "False", Reason: "SecretInvalid", Says: `"api-key"`})
	fix("not-there", func(s2 *corev1.Secret) { s2.Data = map[string][]byte{"api-key": []byte(s.Qdrant.APIKey)} })
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.AwaitTenant(t, "acme", harness.Isolated...)

	good := s.Database.DSN(s.Database.Operator)
	wrong := s.Database.DSN(harness.Login{Name: s.Database.Operator.Name, Password: "wrong-password"})
	for name, tc := range map[string]struct {
		dsn  string
		want harness.Want
	}{
		"not a DSN":      {"postgres://%%%", harness.Want{Type: "PostgresReachable", Status: "False", Reason: "SecretInvalid", Says: "postgresql://"}},
		"wrong password": {wrong, harness.Want{Type: "PostgresReachable", Status: "False", Reason: "AuthenticationFailed"}},
	} {
		t.Run(name, func(t *testing.T) {
			fix("eu-1-postgres", func(s *corev1.Secret) { s.Data = map[string][]byte{"dsn": []byte(tc.dsn)} })
			c.AwaitDataPlane(t, "eu-1", tc.want)
		})
	}
	fix("eu-1-postgres", func(s *corev1.Secret) { s.Data = map[string][]byte{"dsn": []byte(good)} })
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	s.Database.Exec(t, fmt.Sprintf("ALTER ROLE %s NOCREATEROLE", s.Database.Operator.Name))
	c.AwaitDataPlane(t, "eu-1", harness.Want{Type: "PostgresReachable", Status: "False", Reason: "MissingRights", Says: "CREATEROLE"})
	s.Database.Exec(t, fmt.Sprintf("ALTER ROLE %s CREATEROLE", s.Database.Operator.Name))
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.AwaitTenant(t, "acme", harness.Isolated...)
}

// TestTenantIDFormat: an id that does not fit the tenant column is refused before anything is built.
func TestTenantIDFormat(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) {
		dp.Spec.TenantIDFormat, dp.Spec.Postgres.Protect = tenantryv1.TenantIDUUID, nil
	})
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.AwaitTenant(t, "acme", harness.Want{Type: "Stalled", Status: "True", Reason: "InvalidSpec", Says: "UUID"})
	c.Make(t, harness.NewTenant("eu-1", "beta", func(tn *tenantryv1.Tenant) { tn.Spec.TenantID = "0b7dbf5e-5b7e-4a3c-9d7e-1f2a3b4c5d6e" }))
	c.AwaitTenant(t, "beta", harness.Isolated...)
}

// TestRotationIsRefused as long as nothing rotates.
func TestRotationIsRefused(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1")
	c.Make(t, harness.NewTenant("eu-1", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Credentials.RotateAfterSeconds = 7776000 }))
	c.AwaitTenant(t, "acme", harness.Want{Type: "Stalled", Status: "True", Reason: "NotSupported", Says: "rotateAfterSeconds"})
}
