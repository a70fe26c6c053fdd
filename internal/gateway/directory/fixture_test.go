package directory

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/credential"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

const (
	planeName = "eu-1"
	system    = "tenantry-system"
)

var (
	epoch     = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	seed      = bytes.Repeat([]byte{7}, ed25519.SeedSize)
	mapping   = bytes.Repeat([]byte{3}, 32)
	verifyKey = ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
)

func newPlane(edit ...func(*tenantryv1.DataPlane)) *tenantryv1.DataPlane {
	dp := &tenantryv1.DataPlane{ObjectMeta: metav1.ObjectMeta{Name: planeName}}
	dp.Spec = tenantryv1.DataPlaneSpec{
		KeysSecretRef: tenantryv1.LocalSecretReference{Name: "keys"},
		Qdrant: &tenantryv1.QdrantSpec{
			Address: "qdrant.data:6334", APIKeySecretRef: tenantryv1.SecretKeyReference{Name: "qdrant", Key: "api-key"},
			SharedCollections: []tenantryv1.SharedCollection{{
				Name: "shared-documents", Vectors: []tenantryv1.VectorSpec{{Size: 4, Distance: tenantryv1.DistanceCosine}},
				SparseVectors:  []tenantryv1.SparseVectorSpec{{Name: "text", Modifier: tenantryv1.SparseModifierIdf}},
				PayloadIndexes: []tenantryv1.PayloadIndexSpec{{Field: "source", Type: tenantryv1.PayloadIndexKeyword}},
			}},
		},
		TrustedNamespaces: []string{"platform"},
	}
	return edited(dp, edit)
}

func edited[T any](o *T, edit []func(*T)) *T {
	for _, f := range edit {
		f(o)
	}
	return o
}

// newTenant is one that is served.
func newTenant(name string, edit ...func(*tenantryv1.Tenant)) *tenantryv1.Tenant {
	t := &tenantryv1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name)}}
	t.Spec = tenantryv1.TenantSpec{DataPlane: planeName, Namespaces: []string{"team"}, Jurisdictions: []string{"eu-gdpr"}}
	t.Status = tenantryv1.TenantStatus{TenantID: name, AppliedHash: "h", GatewayTokenIDs: []string{"t1"}}
	return edited(t, edit)
}

// newCorpus is a Dedicated one that stands.
func newCorpus(tenant, name string, edit ...func(*tenantryv1.Corpus)) *tenantryv1.Corpus {
	c := &tenantryv1.Corpus{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, UID: types.UID("corpus-" + tenant + "-" + name)}}
	c.Spec = tenantryv1.CorpusSpec{Tenant: tenant, Vectors: vectors(8)}
	c.Status.Placement = &tenantryv1.Placement{Pattern: tenantryv1.PatternDedicated, Collection: vector.CollectionName(tenant, name)}
	ready(metav1.ConditionTrue, "CollectionReady")(c)
	return edited(c, edit)
}

func shared(c *tenantryv1.Corpus) {
	c.Spec.Vectors, c.Spec.SharedCollection = nil, "shared-documents"
	c.Status.Placement = &tenantryv1.Placement{Pattern: tenantryv1.PatternShared, Collection: "shared-documents"}
}

func ready(status metav1.ConditionStatus, reason string) func(*tenantryv1.Corpus) {
	return func(c *tenantryv1.Corpus) {
		c.Status.Conditions = []metav1.Condition{{Type: tenantryv1.ConditionCollectionReady, Status: status, Reason: reason}}
	}
}

// newReference is one of a jurisdiction that stands, in a trusted namespace.
func newReference(jurisdiction, name string, edit ...func(*tenantryv1.Corpus)) *tenantryv1.Corpus {
	c := newCorpus("", name)
	c.Namespace, c.UID = "platform", types.UID("reference-"+jurisdiction+"-"+name)
	c.Spec = tenantryv1.CorpusSpec{Reference: &tenantryv1.ReferenceSpec{DataPlane: planeName, Jurisdiction: jurisdiction}, Vectors: vectors(16)}
	c.Status.Placement = &tenantryv1.Placement{
		Pattern: tenantryv1.PatternReference, Collection: vector.ReferenceName(jurisdiction, name),
	}
	return edited(c, edit)
}

func vectors(size int32) []tenantryv1.VectorSpec {
	return []tenantryv1.VectorSpec{{Size: size, Distance: tenantryv1.DistanceDot}}
}

// newMaterial is the Secret that the operator writes.
func newMaterial(t testing.TB, edit ...func(*credential.GatewayMaterial)) *corev1.Secret {
	t.Helper()
	m := credential.GatewayMaterial{
		Plane: planeName, Installation: "i-1", IDMapping: mapping, VerifyKey: verifyKey, ServerVersion: "1.19.0", Issued: epoch,
		Tokens: []credential.UpstreamToken{{
			Access: []scopeqdrant.Access{{Collection: "shared-documents", Write: true}}, Token: "shared-token", Expires: epoch.Add(2 * time.Hour),
		}},
	}
	data, err := edited(&m, edit).Data()
	if err != nil {
		t.Fatal(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: credential.GatewayMaterialName(planeName)},
		Type:       credential.GatewayMaterialType, Data: data,
	}
}

// worldOf holds a plane, its material and more.
func worldOf(t testing.TB, more ...client.Object) *world {
	t.Helper()
	w := newWorld(planeName, system)
	for _, o := range append([]client.Object{newPlane(), newMaterial(t)}, more...) {
		w.put(o)
	}
	return w
}

func snapshotOf(t testing.TB, more ...client.Object) *snapshot {
	t.Helper()
	return build(worldOf(t, more...), nil, scopeqdrant.Limits{})
}

// testCA is a certificate that nothing is signed with.
const testCA = `-----BEGIN CERTIFICATE-----
MIIBBjCBuaADAgECAgEBMAUGAytlcDASMRAwDgYDVQQDEwd0ZXN0IENBMCAXDTcw
MDEwMTAwMDAwMFoYDzIwOTYxMDAyMDcwNjQwWjASMRAwDgYDVQQDEwd0ZXN0IENB
MCowBQYDK2VwAyEArcUKzbNZKQ0FX5LRa5iYarpOmNr3qbRpFcuS8++/+9KjMjAw
MA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFPHPTAzgdBmqYYh/3RWaI762DP7P
MAUGAytlcANBAGlOUalpJ2TbA+fSj/Dy3TN8crBU/5vN+ls0K6fSX4l4KBoCYCFq
ay0DFH1aOuerN2AIp5MJn43wsprIK0hu9Qg=
-----END CERTIFICATE-----`
