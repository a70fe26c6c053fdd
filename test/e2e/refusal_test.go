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
)

// TestWhoMayNameWhat: nothing is built for those that may not name a Tenant or a plane, and they are told why.
func TestWhoMayNameWhat(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	c.namespace(t, "platform", true)
	c.namespace(t, "bare", false)
	elsewhere := newCorpus("acme", "intruder")
	elsewhere.Namespace = "other-team"
	c.create(t, elsewhere)
	awaitCorpus(t, c, "other-team", "intruder", want{Type: "Stalled", Status: "True", Reason: "NamespaceNotAllowed", Says: "spec.namespaces"})

	reference := func(ns, name string) *tenantryv1.Corpus {
		return newCorpus("", name, func(c *tenantryv1.Corpus) {
			c.Namespace = ns
			c.Spec.Reference = &tenantryv1.ReferenceSpec{DataPlane: "eu-1", Jurisdiction: "eu-gdpr", LoaderSecretName: name + "-loader"}
		})
	}
	c.create(t, reference(tenantNamespace, "forged"))
	awaitCorpus(t, c, tenantNamespace, "forged", want{Type: "Stalled", Status: "True", Reason: "NamespaceNotAllowed", Says: "trustedNamespaces"})
	c.create(t, reference("platform", "law"))
	awaitCorpus(t, c, "platform", "law", ready)

	c.create(t, newTenant("eu-1", "no-rights", func(tn *tenantryv1.Tenant) {
		tn.Spec.Namespaces, tn.Spec.Credentials.Namespace = []string{"bare"}, "bare"
	}))
	awaitTenant(t, c, "no-rights", want{Type: "CredentialsIssued", Status: "False", Reason: "SecretForbidden",
		Says: "kubectl -n bare create rolebinding tenantry-credentials --clusterrole=tenantry-credentials --serviceaccount=tenantry-system:tenantry-controller-manager"},
		want{Type: "Isolated", Status: "True"}, want{Type: "Ready", Status: "False"})

	squatted := &corev1.Secret{StringData: map[string]string{"password": "theirs"}}
	squatted.Namespace, squatted.Name = tenantNamespace, "squatted-redis"
	c.create(t, squatted)
	c.create(t, newTenant("eu-1", "squatted"))
	awaitTenant(t, c, "squatted", want{Type: "CredentialsIssued", Status: "False", Reason: "SecretExists", Says: "team/squatted-redis"})
	var after corev1.Secret
	if err := c.Get(t.Context(), types.NamespacedName{Namespace: tenantNamespace, Name: "squatted-redis"}, &after); err != nil ||
		string(after.Data["password"]) != "theirs" || len(after.Data) != 1 {
		t.Errorf("somebody else's Secret was touched: %v %v", after.Data, err)
	}
	if got := s.collections(t); got["reference_eu-gdpr_forged"] || got["tenant_acme_intruder"] {
		t.Errorf("something was built: %v", got)
	}
}

func (s *servers) collections(t *testing.T) map[string]bool {
	t.Helper()
	names, err := s.qdrantAs(t, s.qdrant.APIKey).ListCollections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

func (s *servers) qdrantAs(t *testing.T, key string) *qdrant.Client {
	t.Helper()
	var host string
	var port int
	if _, err := fmt.Sscanf(s.qdrant.Addr, "127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	host = "127.0.0.1"
	cl, err := qdrant.NewClient(&qdrant.Config{Host: host, Port: port, APIKey: key, SkipCompatibilityCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Close() })
	return cl
}

// TestLimitsOfCorpora: quota, names, placement and shape.
func TestLimitsOfCorpora(t *testing.T) {
	t.Parallel()
	c, s := newCluster(t), newServers(t)
	foreign := "tenant_acme_taken"
	if err := s.qdrantAs(t, s.qdrant.APIKey).CreateCollection(t.Context(), &qdrant.CreateCollection{
		CollectionName: foreign, VectorsConfig: qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 8, Distance: qdrant.Distance_Dot}),
	}); err != nil {
		t.Fatal(err)
	}
	c.startOperator(t, operator.Options{})
	s.dataPlane(t, c, "eu-1")
	c.create(t, newTenant("eu-1", "acme", func(tn *tenantryv1.Tenant) {
		tn.Spec.MaxCorpora, tn.Spec.Namespaces = 2, []string{tenantNamespace, "other-team"}
	}))
	c.create(t, newCorpus("acme", "notes"))
	awaitCorpus(t, c, tenantNamespace, "notes", ready)
	for name, tc := range map[string]struct {
		corpus *tenantryv1.Corpus
		want   want
	}{
		"the name is taken in another namespace": {newCorpus("acme", "notes", func(c *tenantryv1.Corpus) { c.Namespace = "other-team" }),
			want{Type: "Stalled", Status: "True", Reason: "NameConflict", Says: tenantNamespace}},
		"no such tenant":            {newCorpus("nobody", "a"), want{Type: "Ready", Status: "False", Reason: "TenantNotFound", Says: "nobody"}},
		"no such shared collection": {shared("acme", "b", "nowhere"), want{Type: "Stalled", Status: "True", Reason: "SharedCollectionNotFound"}},
		"shared by contradiction": {shared("acme", "c", "shared-documents", func(c *tenantryv1.Corpus) { c.Spec.Isolation = "" }),
			want{Type: "Stalled", Status: "True", Reason: "InvalidSpec", Says: "isolation: Shared"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.create(t, tc.corpus)
			awaitCorpus(t, c, tc.corpus.Namespace, tc.corpus.Name, tc.want)
		})
	}
	c.create(t, newCorpus("acme", "taken"))
	awaitCorpus(t, c, tenantNamespace, "taken", want{Type: "Stalled", Status: "True", Reason: "CollectionExists", Says: foreign})
	c.create(t, newCorpus("acme", "too-many"))
	awaitCorpus(t, c, tenantNamespace, "too-many", want{Type: "Stalled", Status: "True", Reason: "QuotaExceeded", Says: "maxCorpora"})
	info, err := s.qdrantAs(t, s.qdrant.APIKey).GetCollectionInfo(t.Context(), foreign)
	if err != nil || info.GetConfig().GetParams().GetVectorsConfig().GetParams().GetSize() != 8 {
		t.Errorf("somebody else's collection was touched: %v, %v", info, err)
	}
}

// exec runs SQL as the superuser.
func (s *servers) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := s.admin(t).Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func shared(tenant, name, collection string, edit ...func(*tenantryv1.Corpus)) *tenantryv1.Corpus {
	return newCorpus(tenant, name, append([]func(*tenantryv1.Corpus){func(c *tenantryv1.Corpus) {
		c.Spec.Vectors, c.Spec.Isolation, c.Spec.SharedCollection = nil, tenantryv1.IsolationShared, collection
	}}, edit...)...)
}

// TestBadInput: a condition says what is wrong and how to mend it; mended, everything goes on without a restart.
func TestBadInput(t *testing.T) {
	t.Parallel()
	c, s := newCluster(t), newServers(t)
	c.startOperator(t, operator.Options{})
	s.dataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Qdrant.APIKeySecretRef.Name = "not-there" })
	c.create(t, newTenant("eu-1", "acme"))
	c.create(t, newTenant("nowhere", "lost"))

	awaitTenant(t, c, "lost", want{Type: "Ready", Status: "False", Reason: "DataPlaneNotFound", Says: "nowhere"})
	awaitPlane(t, c, "eu-1", want{Type: "QdrantReachable", Status: "False", Reason: "SecretNotFound", Says: "tenantry.dev/data-plane=eu-1"})
	awaitPlane(t, c, "eu-1", want{Type: "PostgresReachable", Status: "True"}, want{Type: "RedisReachable", Status: "True"})

	fix := func(name string, edit func(*corev1.Secret)) {
		t.Helper()
		eventually(t, settleWithin, "edit Secret "+name, func(ctx context.Context) error {
			var secret corev1.Secret
			if err := c.Get(ctx, types.NamespacedName{Namespace: systemNamespace, Name: name}, &secret); err != nil {
				return err
			}
			edit(&secret)
			return c.Update(ctx, &secret)
		})
	}
	unlabelled := &corev1.Secret{StringData: map[string]string{"api-key": "wrong"}}
	unlabelled.Namespace, unlabelled.Name = systemNamespace, "not-there"
	c.create(t, unlabelled)
	awaitPlane(t, c, "eu-1", want{Type: "QdrantReachable", Status: "False", Reason: "SecretNotLabelled", Says: "kubectl -n tenantry-system label secret not-there"})
	fix("not-there", func(s *corev1.Secret) { s.Labels = map[string]string{tenantryv1.DataPlaneLabel: "eu-1"} })
	awaitPlane(t, c, "eu-1", want{Type: "QdrantReachable", Status: "False", Reason: "AuthenticationFailed"})
	fix("not-there", func(s2 *corev1.Secret) { s2.Data = map[string][]byte{"other": []byte("x")} })
	awaitPlane(t, c, "eu-1", want{Type: "QdrantReachable", Status: "False", Reason: "SecretInvalid", Says: `"api-key"`})
	fix("not-there", func(s2 *corev1.Secret) { s2.Data = map[string][]byte{"api-key": []byte(s.qdrant.APIKey)} })
	awaitPlane(t, c, "eu-1", ready)
	awaitTenant(t, c, "acme", isolated...)

	good := s.pg.DSN(s.opRole, s.opPassword, s.db)
	for name, tc := range map[string]struct {
		dsn  string
		want want
	}{
		"not a DSN":      {"postgres://%%%", want{Type: "PostgresReachable", Status: "False", Reason: "SecretInvalid", Says: "postgresql://"}},
		"wrong password": {s.pg.DSN(s.opRole, "wrong-password", s.db), want{Type: "PostgresReachable", Status: "False", Reason: "AuthenticationFailed"}},
	} {
		t.Run(name, func(t *testing.T) {
			fix("eu-1-postgres", func(s *corev1.Secret) { s.Data = map[string][]byte{"dsn": []byte(tc.dsn)} })
			awaitPlane(t, c, "eu-1", tc.want)
		})
	}
	fix("eu-1-postgres", func(s *corev1.Secret) { s.Data = map[string][]byte{"dsn": []byte(good)} })
	awaitPlane(t, c, "eu-1", ready)
	s.exec(t, fmt.Sprintf("ALTER ROLE %s NOCREATEROLE", s.opRole))
	awaitPlane(t, c, "eu-1", want{Type: "PostgresReachable", Status: "False", Reason: "MissingRights", Says: "CREATEROLE"})
	s.exec(t, fmt.Sprintf("ALTER ROLE %s CREATEROLE", s.opRole))
	awaitPlane(t, c, "eu-1", ready)
	awaitTenant(t, c, "acme", isolated...)
}

// TestTenantIDFormat: an id that does not fit the tenant column is refused before anything is built.
func TestTenantIDFormat(t *testing.T) {
	t.Parallel()
	c, s := newCluster(t), newServers(t)
	c.startOperator(t, operator.Options{})
	s.dataPlane(t, c, "eu-1", func(dp *tenantryv1.DataPlane) {
		dp.Spec.TenantIDFormat, dp.Spec.Postgres.Protect = tenantryv1.TenantIDUUID, nil
	})
	awaitPlane(t, c, "eu-1", ready)
	c.create(t, newTenant("eu-1", "acme"))
	awaitTenant(t, c, "acme", want{Type: "Stalled", Status: "True", Reason: "InvalidSpec", Says: "UUID"})
	c.create(t, newTenant("eu-1", "beta", func(tn *tenantryv1.Tenant) { tn.Spec.TenantID = "0b7dbf5e-5b7e-4a3c-9d7e-1f2a3b4c5d6e" }))
	awaitTenant(t, c, "beta", isolated...)
}

// TestRotationIsRefused as long as nothing rotates.
func TestRotationIsRefused(t *testing.T) {
	t.Parallel()
	c, s := newCluster(t), newServers(t)
	c.startOperator(t, operator.Options{})
	s.dataPlane(t, c, "eu-1")
	c.create(t, newTenant("eu-1", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Credentials.RotateAfterSeconds = 7776000 }))
	awaitTenant(t, c, "acme", want{Type: "Stalled", Status: "True", Reason: "NotSupported", Says: "rotateAfterSeconds"})
}
