package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
	"github.com/tenantry/tenantry/test/harness"
)

func withGateway(dp *tenantryv1.DataPlane) {
	dp.Spec.Gateway = &tenantryv1.GatewaySpec{URL: "https://vectors.example.com:6333", GRPCAddress: "vectors.example.com:6334"}
}

// awaitMaterial waits until what the gateways of eu-1 work with passes check.
func awaitMaterial(t *testing.T, c *harness.Cluster, check func(credential.GatewayMaterial) error) credential.GatewayMaterial {
	t.Helper()
	var m credential.GatewayMaterial
	harness.Eventually(t, harness.SettleWithin, "the gateway's material", func(ctx context.Context) error {
		var s corev1.Secret
		name := types.NamespacedName{Namespace: harness.SystemNamespace, Name: credential.GatewayMaterialName("eu-1")}
		err := c.Get(ctx, name, &s)
		if err != nil {
			return err
		}
		if m, err = credential.ParseGatewayMaterial(s.Data); err != nil {
			return err
		}
		return check(m)
	})
	return m
}

// collectionsOf lists the sets that the material has tokens for, as text.
func collectionsOf(m credential.GatewayMaterial) []string {
	var out []string
	for _, token := range m.Tokens {
		out = append(out, fmt.Sprint(token.Access))
	}
	slices.Sort(out)
	return out
}

func opens(want ...string) func(credential.GatewayMaterial) error {
	slices.Sort(want)
	return func(m credential.GatewayMaterial) error {
		if diff := cmp.Diff(want, collectionsOf(m)); diff != "" {
			return errors.New(diff)
		}
		return nil
	}
}

// awaitIDs waits until exactly the token in the Secret counts, and returns its id, which must not be one of old.
func awaitIDs(t *testing.T, c *harness.Cluster, tenant string, old ...string) string {
	t.Helper()
	key := awaitMaterial(t, c, func(credential.GatewayMaterial) error { return nil }).VerifyKey
	var claims credential.GatewayClaims
	harness.AwaitThat(t, c, "", tenant, func(tn *tenantryv1.Tenant) error {
		var s corev1.Secret
		err := c.Get(t.Context(), types.NamespacedName{Namespace: harness.TenantNamespace, Name: tenant + "-gateway"}, &s)
		if err != nil {
			return err
		}
		if claims, err = credential.VerifyGatewayToken(key, string(s.Data["api-key"]), time.Now()); err != nil {
			t.Fatalf("the token does not verify with the key that gateways have: %v", err)
		}
		if claims.TenantUID != string(tn.UID) || claims.Plane != "eu-1" {
			t.Fatalf("the token is another's: %+v", claims)
		}
		if !slices.Equal(tn.Status.GatewayTokenIDs, []string{claims.TokenID}) || slices.Contains(old, claims.TokenID) {
			return fmt.Errorf("%v count, %s stands in the Secret", tn.Status.GatewayTokenIDs, claims.TokenID)
		}
		return nil
	})
	return claims.TokenID
}

func awaitNoIDs(t *testing.T, c *harness.Cluster, tenant string) {
	t.Helper()
	harness.AwaitThat(t, c, "", tenant, func(tn *tenantryv1.Tenant) error {
		if len(tn.Status.GatewayTokenIDs) > 0 {
			return fmt.Errorf("%v still count", tn.Status.GatewayTokenIDs)
		}
		return nil
	})
}

// TestGatewaySecretWaitsForTheBoundary: no boundary, no access, also where the layer that is missing is not that of vectors.
func TestGatewaySecretWaitsForTheBoundary(t *testing.T) {
	t.Parallel()
	var blocked atomic.Bool
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{Hooks: planeconnect.Hooks{BeforeChange: func(ch boundary.Change) error {
		if blocked.Load() && ch.Layer == boundary.Cache {
			return errors.New("blocked by the test")
		}
		return nil
	}}})
	s.DataPlane(t, c, "eu-1", withGateway)
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	blocked.Store(true)
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.Make(t, harness.NewCorpus("acme", "notes"))
	c.AwaitCorpus(t, harness.TenantNamespace, "notes", harness.Ready)
	tn := c.AwaitTenant(t, "acme", harness.Want{Type: "VectorIsolated", Status: "True"}, harness.Want{Type: "CacheIsolated", Status: "Unknown"},
		harness.Want{Type: "CredentialsIssued", Status: "False", Reason: "BoundaryNotVerified"})
	err := c.Get(t.Context(), types.NamespacedName{Namespace: harness.TenantNamespace, Name: "acme-gateway"}, &corev1.Secret{})
	if !apierrors.IsNotFound(err) || len(tn.Status.GatewayTokenIDs) > 0 {
		t.Errorf("a token before the boundary stands: %v, ids %v", err, tn.Status.GatewayTokenIDs)
	}
	awaitMaterial(t, c, opens())
	blocked.Store(false)
	c.AwaitTenant(t, "acme", harness.Isolated...)
	awaitIDs(t, c, "acme")
	awaitMaterial(t, c, opens("[{tenant_acme_notes true}]"))
}

// TestGatewaySecret: what is in it, for whom it is, and what ends it.
func TestGatewaySecret(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", withGateway)
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	for _, name := range []string{"acme", "beta", "idle"} {
		c.Make(t, harness.NewTenant("eu-1", name))
	}
	c.Make(t, harness.NewCorpus("acme", "notes"))
	c.Make(t, harness.NewCorpus("beta", "files", harness.InSharedCollection))
	awaitSecret(t, c, "beta-gateway")
	first := awaitIDs(t, c, "acme")
	beta := awaitIDs(t, c, "beta")

	got := c.Credential(t, "acme-gateway")
	got["api-key"] = ""
	want := map[string]string{
		"type": "qdrant-gateway", "provider": "tenantry", "host": "vectors.example.com", "port": "6334", "api-key": "",
		"uri": "https://vectors.example.com:6333", "grpc-address": "vectors.example.com:6334", "collections": `["notes"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	awaitSecret(t, c, "acme-qdrant")
	idle := c.AwaitTenant(t, "idle", harness.Isolated...)
	for _, name := range []string{"idle-gateway", "beta-qdrant"} {
		err := c.Get(t.Context(), types.NamespacedName{Namespace: harness.TenantNamespace, Name: name}, &corev1.Secret{})
		if !apierrors.IsNotFound(err) || len(idle.Status.GatewayTokenIDs) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}

	t.Run("a suspension", func(t *testing.T) {
		harness.Update(t, c, "", "acme", suspend)
		c.AwaitTenant(t, "acme", harness.Suspended...)
		awaitNoIDs(t, c, "acme")
		awaitMaterial(t, c, opens("[{"+harness.SharedCollection+" true}]"))
		harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessActive })
		c.AwaitTenant(t, "acme", harness.Isolated...)
		if again := awaitIDs(t, c, "acme"); again != first {
			t.Error("another token after the suspension")
		}
	})
	t.Run("a deleted Secret", func(t *testing.T) {
		secret := &corev1.Secret{}
		secret.Namespace, secret.Name = harness.TenantNamespace, "acme-gateway"
		if err := c.Delete(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		awaitIDs(t, c, "acme", first)
	})
	t.Run("a Secret in the place of a deleted one", func(t *testing.T) {
		leaked := awaitIDs(t, c, "acme")
		harness.Update(t, c, "", "acme", suspend) // as the documentation advises; nothing is issued meanwhile
		c.AwaitTenant(t, "acme", harness.Suspended...)
		mine, decoy := &corev1.Secret{}, &corev1.Secret{StringData: map[string]string{"theirs": "x"}}
		mine.Namespace, mine.Name = harness.TenantNamespace, "acme-gateway"
		decoy.Namespace, decoy.Name = mine.Namespace, mine.Name
		if err := c.Delete(t.Context(), mine); err != nil {
			t.Fatal(err)
		}
		c.Make(t, decoy)
		harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessActive })
		tn := c.AwaitTenant(t, "acme", harness.Want{Type: "CredentialsIssued", Status: "False", Reason: "SecretExists", Says: "acme-gateway"})
		if len(tn.Status.GatewayTokenIDs) > 0 {
			t.Errorf("%v count", tn.Status.GatewayTokenIDs)
		}
		if err := c.Delete(t.Context(), decoy); err != nil {
			t.Fatal(err)
		}
		awaitIDs(t, c, "acme", leaked)
	})
	t.Run("another prefix", func(t *testing.T) {
		harness.Update(t, c, "", "beta", func(tn *tenantryv1.Tenant) { tn.Spec.Credentials.NamePrefix = "b" })
		awaitSecret(t, c, "b-gateway")
		c.AwaitGone(t, &corev1.Secret{}, harness.TenantNamespace, "beta-gateway")
		harness.AwaitThat(t, c, "", "beta", func(tn *tenantryv1.Tenant) error {
			if len(tn.Status.GatewayTokenIDs) != 1 || tn.Status.GatewayTokenIDs[0] == beta || tn.Status.GatewaySecretName != "b-gateway" {
				return fmt.Errorf("%v count, Secret %s", tn.Status.GatewayTokenIDs, tn.Status.GatewaySecretName)
			}
			return nil
		})
	})
	t.Run("no credentials any more", func(t *testing.T) {
		harness.Update(t, c, "", "beta", func(tn *tenantryv1.Tenant) { tn.Spec.Credentials = nil })
		c.AwaitGone(t, &corev1.Secret{}, harness.TenantNamespace, "b-gateway")
		awaitNoIDs(t, c, "beta")
	})
	t.Run("no gateway any more", func(t *testing.T) {
		harness.Update(t, c, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Gateway = nil })
		c.AwaitGone(t, &corev1.Secret{}, harness.TenantNamespace, "acme-gateway")
		c.AwaitGone(t, &corev1.Secret{}, harness.SystemNamespace, "eu-1-gateway")
		awaitNoIDs(t, c, "acme")
		awaitSecret(t, c, "acme-qdrant")
	})
	t.Run("a deleted tenant", func(t *testing.T) {
		harness.Update(t, c, "", "eu-1", withGateway)
		awaitSecret(t, c, "acme-gateway")
		acme, err := harness.Read[tenantryv1.Tenant](t.Context(), c, "", "acme")
		if err != nil {
			t.Fatal(err)
		}
		c.Remove(t, acme)
		c.AwaitGone(t, &corev1.Secret{}, harness.TenantNamespace, "acme-gateway")
	})
}

// TestGatewaySecretIsNobodyElses: a Secret of somebody else is left alone, and whose it is does not stop the rest.
func TestGatewaySecretIsNobodyElses(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	theirs := &corev1.Secret{StringData: map[string]string{"theirs": "x"}}
	theirs.Namespace, theirs.Name = harness.TenantNamespace, "acme-gateway"
	c.Make(t, theirs)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", withGateway)
	c.Make(t, harness.NewTenant("eu-1", "acme"))
	c.Make(t, harness.NewCorpus("acme", "notes"))
	tn := c.AwaitTenant(t, "acme", harness.Want{Type: "Isolated", Status: "True"},
		harness.Want{Type: "CredentialsIssued", Status: "False", Reason: "SecretExists", Says: "acme-gateway"})
	if len(tn.Status.GatewayTokenIDs) > 0 || len(c.Credential(t, "acme-gateway")) != 1 {
		t.Errorf("ids %v, and the Secret may have been written over", tn.Status.GatewayTokenIDs)
	}
	if err := c.Delete(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	c.AwaitTenant(t, "acme", harness.Isolated...)
	awaitIDs(t, c, "acme")
}

// TestGatewayMaterial: tokens of the least access, which Qdrant accepts for that and refuses for everything else.
func TestGatewayMaterial(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1", withGateway)
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	c.Make(t, harness.NewReference("eu-1", "eu", "law"))
	c.AwaitCorpus(t, harness.TrustedNamespace, "law", harness.Ready)
	c.Make(t, harness.NewTenant("eu-1", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Jurisdictions = []string{"eu"} }))
	for _, name := range []string{"beta", "gamma"} {
		c.Make(t, harness.NewTenant("eu-1", name))
		c.Make(t, harness.NewCorpus(name, name+"-files", harness.InSharedCollection))
	}
	c.Make(t, harness.NewCorpus("acme", "notes"))
	law, notes := "{reference_eu_law false}", "{tenant_acme_notes true}"
	m := awaitMaterial(t, c, opens("["+law+"]", "["+notes+"]", "["+law+" "+notes+"]", "[{"+harness.SharedCollection+" true}]"))

	all := []string{"reference_eu_law", "tenant_acme_notes", harness.SharedCollection, "tenantry_claims", "tenantry_tokens"}
	for _, token := range m.Tokens {
		for _, collection := range all {
			i := slices.IndexFunc(token.Access, func(a scopeqdrant.Access) bool { return a.Collection == collection })
			checkToken(t, s, token, collection, i >= 0, i >= 0 && token.Access[i].Write)
		}
	}
	secret := &corev1.Secret{}
	name := types.NamespacedName{Namespace: harness.SystemNamespace, Name: "eu-1-gateway"}
	if err := c.Get(t.Context(), name, secret); err != nil {
		t.Fatal(err)
	}
	for key, value := range secret.Data {
		if bytes.Contains(value, []byte(s.Qdrant.APIKey)) {
			t.Errorf("key %q of the material holds the API key", key)
		}
	}
	t.Run("is no Secret of a DataPlane", func(t *testing.T) {
		(&harness.Servers{Qdrant: s.Qdrant}).DataPlane(t, c, "eu-2", func(dp *tenantryv1.DataPlane) {
			dp.Spec.Qdrant.APIKeySecretRef = tenantryv1.SecretKeyReference{Name: "eu-1-gateway", Key: "id-mapping"}
		})
		c.AwaitDataPlane(t, "eu-2", harness.Want{Type: "QdrantReachable", Status: "False", Reason: "SecretNotLabelled"})
	})
	t.Run("is made again", func(t *testing.T) {
		if err := c.Delete(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		awaitMaterial(t, c, func(again credential.GatewayMaterial) error {
			if !again.Issued.After(m.Issued) {
				return errors.New("not yet")
			}
			return nil
		})
	})
}

// checkToken tries to read and write a collection with one token of the material.
func checkToken(t *testing.T, s *harness.Servers, token credential.UpstreamToken, collection string, reads, writes bool) {
	t.Helper()
	c := harness.Qdrant(t, s.Qdrant.Addr, token.Token.Reveal())
	_, err := c.Scroll(t.Context(), &qdrant.ScrollPoints{CollectionName: collection})
	if allowed(t, err) != reads {
		t.Errorf("token %v reads %s: %v", token.Access, collection, err)
	}
	_, err = c.Upsert(t.Context(), &qdrant.UpsertPoints{CollectionName: collection, Points: []*qdrant.PointStruct{{
		Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectors(1, 0, 0, 0),
		Payload: qdrant.NewValueMap(map[string]any{"tenant_id": "probe", "corpus_id": "probe"}),
	}}})
	if allowed(t, err) != writes {
		t.Errorf("token %v writes %s: %v", token.Access, collection, err)
	}
	if _, err = c.ListCollections(t.Context()); err != nil && allowed(t, err) {
		t.Error(err)
	}
	if err = c.DeleteCollection(t.Context(), collection); allowed(t, err) {
		t.Errorf("token %v deletes %s", token.Access, collection)
	}
}

// allowed says that the server did not refuse the token.
func allowed(t *testing.T, err error) bool {
	t.Helper()
	switch status.Code(err) {
	case codes.OK:
		return true
	case codes.PermissionDenied:
		return false
	}
	t.Fatalf("neither allowed nor refused: %v", err)
	return false
}
