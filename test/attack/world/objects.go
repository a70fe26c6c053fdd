package world

import (
	"crypto/ed25519"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/qdrantsim"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// The ServiceAccounts that the plane or a tenant knows; see AccountToken.
const (
	// HeaderApp is an application that names its tenant in a header.
	HeaderApp = "header-app"
	// EndUserApp is one that passes on the tokens of end users.
	EndUserApp = "end-user-app"
	// Stranger is listed nowhere.
	Stranger = "stranger"

	tenantNamespace = "team"
)

// AccountOf is the ServiceAccount that a tenant lists.
func AccountOf(tenant string) string { return "app-of-" + tenant }

// objects are what the API server holds.
func (w *World) objects(t testing.TB) []client.Object {
	out := []client.Object{w.dataPlane(), w.material(t)}
	for _, tenant := range w.Cast.Tenants {
		out = append(out, w.tenantObject(tenant))
		for _, name := range tenant.Shared {
			out = append(out, w.corpus(tenant, name, tenantryv1.Placement{Pattern: tenantryv1.PatternShared, Collection: SharedName}))
		}
		for _, name := range tenant.Dedicated {
			out = append(out, w.corpus(tenant, name, tenantryv1.Placement{
				Pattern: tenantryv1.PatternDedicated, Collection: DedicatedName(tenant.ID, name),
			}))
		}
	}
	for _, r := range w.Cast.References {
		out = append(out, w.reference(r))
	}
	return out
}

func (w *World) dataPlane() *tenantryv1.DataPlane {
	dp := &tenantryv1.DataPlane{ObjectMeta: metav1.ObjectMeta{Name: Plane}}
	dense, sparse, indexes := w.declared()
	dp.Spec = tenantryv1.DataPlaneSpec{
		KeysSecretRef: tenantryv1.LocalSecretReference{Name: "keys"},
		Qdrant: &tenantryv1.QdrantSpec{
			Address: w.Sim.Addr(), TLS: &tenantryv1.TLSSpec{Mode: tenantryv1.TLSDisabled},
			APIKeySecretRef: tenantryv1.SecretKeyReference{Name: "qdrant", Key: "api-key"},
			SharedCollections: []tenantryv1.SharedCollection{{
				Name: SharedName, Vectors: dense, SparseVectors: sparse, PayloadIndexes: indexes,
			}},
		},
		Applications: []tenantryv1.ApplicationSpec{
			{Namespace: tenantNamespace, ServiceAccount: HeaderApp, TenantFrom: tenantryv1.TenantFromHeader},
			{Namespace: tenantNamespace, ServiceAccount: EndUserApp, TenantFrom: tenantryv1.TenantFromEndUserToken},
		},
	}
	return dp
}

func (w *World) declared() (dense []tenantryv1.VectorSpec, sparse []tenantryv1.SparseVectorSpec, indexes []tenantryv1.PayloadIndexSpec) {
	for _, v := range w.Cast.Shape.Vectors {
		dense = append(dense, tenantryv1.VectorSpec{Name: v.Name, Size: int32(v.Size), Distance: tenantryv1.Distance(v.Distance)})
	}
	for _, v := range w.Cast.Shape.SparseVectors {
		s := tenantryv1.SparseVectorSpec{Name: v.Name}
		if v.IDF {
			s.Modifier = tenantryv1.SparseModifierIdf
		}
		sparse = append(sparse, s)
	}
	for _, i := range w.Cast.Shape.PayloadIndexes {
		indexes = append(indexes, tenantryv1.PayloadIndexSpec{Field: i.Field, Type: tenantryv1.PayloadIndexType(i.Type)})
	}
	return dense, sparse, indexes
}

func (w *World) tenantObject(t Tenant) *tenantryv1.Tenant {
	out := &tenantryv1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: t.ID, UID: types.UID(UID(t.ID))}}
	out.Spec = tenantryv1.TenantSpec{
		DataPlane: Plane, Namespaces: []string{tenantNamespace + "-" + t.ID, tenantNamespace}, Jurisdictions: t.Jurisdictions,
		ServiceAccounts: []tenantryv1.ServiceAccountReference{{Namespace: tenantNamespace, Name: AccountOf(t.ID)}},
	}
	if t.Suspended {
		out.Spec.Access = tenantryv1.AccessSuspended
	}
	out.Status = tenantryv1.TenantStatus{TenantID: t.ID, AppliedHash: "applied", GatewayTokenIDs: []string{tokenID(t.ID)}}
	return out
}

func (w *World) corpus(t Tenant, name string, p tenantryv1.Placement) *tenantryv1.Corpus {
	c := &tenantryv1.Corpus{ObjectMeta: metav1.ObjectMeta{
		Namespace: tenantNamespace + "-" + t.ID, Name: name, UID: types.UID(UID(t.ID + "/" + name)),
	}}
	c.Spec.Tenant = t.ID
	if p.Pattern == tenantryv1.PatternShared {
		c.Spec.SharedCollection = SharedName
	} else {
		c.Spec.Vectors, c.Spec.SparseVectors, c.Spec.PayloadIndexes = w.declared()
	}
	return standing(c, p)
}

func (w *World) reference(r Reference) *tenantryv1.Corpus {
	c := &tenantryv1.Corpus{ObjectMeta: metav1.ObjectMeta{
		Namespace: Namespace, Name: r.Name, UID: types.UID(r.uid()),
	}}
	c.Spec.Reference = &tenantryv1.ReferenceSpec{DataPlane: Plane, Jurisdiction: r.Jurisdiction}
	c.Spec.Vectors, c.Spec.SparseVectors, c.Spec.PayloadIndexes = w.declared()
	return standing(c, tenantryv1.Placement{Pattern: tenantryv1.PatternReference, Collection: r.Physical()})
}

func standing(c *tenantryv1.Corpus, p tenantryv1.Placement) *tenantryv1.Corpus {
	c.Status.Placement = &p
	c.Status.Conditions = []metav1.Condition{{
		Type: tenantryv1.ConditionCollectionReady, Status: metav1.ConditionTrue, Reason: "CollectionReady", LastTransitionTime: metav1.Now(),
	}}
	return c
}

// material is what the operator hands the gateways: a token for each collection, and one for each set that a tenant may
// use together.
func (w *World) material(t testing.TB) *corev1.Secret {
	t.Helper()
	public, ok := w.seed.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("no public key")
	}
	m := credential.GatewayMaterial{
		Plane: Plane, Installation: "i-1", IDMapping: mappingKey(), VerifyKey: public, ServerVersion: qdrantsim.DefaultVersion, Issued: time.Now(),
	}
	add := func(access ...scopeqdrant.Access) {
		if len(access) == 0 {
			return
		}
		token, err := credential.MintUpstreamToken(APIKey, access, time.Now().Add(lifetime))
		if err != nil {
			t.Fatal(err)
		}
		m.Tokens = append(m.Tokens, token)
	}
	for _, tenant := range w.Cast.Tenants {
		var all []scopeqdrant.Access
		for _, c := range w.ScopeConfig(tenant.ID).Collections {
			one := scopeqdrant.Access{Collection: c.Physical, Write: c.Pattern != scopeqdrant.Reference}
			add(one)
			all = append(all, one)
		}
		add(all...)
	}
	data, err := m.Data()
	if err != nil {
		t.Fatal(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: credential.GatewayMaterialName(Plane)},
		Type:       credential.GatewayMaterialType, Data: data,
	}
}
