package harness

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// SharedCollection is the one that [Servers.DataPlane] declares, of [VectorSize] dimensions.
const (
	SharedCollection = "shared-documents"
	VectorSize       = 4
)

// DataPlane declares a plane on the servers, with the Secrets it refers to: tables of schema public with a column tenant_id
// are enforced, and the audit runs every second.
func (s *Servers) DataPlane(t testing.TB, c *Cluster, name string, edit ...func(*tenantryv1.DataPlane)) {
	t.Helper()
	dp := &tenantryv1.DataPlane{}
	dp.Name = name
	dp.Spec = tenantryv1.DataPlaneSpec{
		KeysSecretRef:     tenantryv1.LocalSecretReference{Name: name + "-keys"},
		TrustedNamespaces: []string{TrustedNamespace},
		Audit:             &tenantryv1.AuditSpec{IntervalSeconds: 1},
	}
	if s.Qdrant != nil {
		dp.Spec.Qdrant = s.qdrantSpec(c.planeSecret(t, name, "qdrant", "api-key", s.Qdrant.APIKey))
	}
	if s.Database != nil {
		dp.Spec.Postgres = s.postgresSpec(c.planeSecret(t, name, "postgres", "dsn", s.Database.DSN(s.Database.Operator)))
	}
	if s.Redis != nil {
		dp.Spec.Redis = s.redisSpec(c.planeSecret(t, name, "redis", "password", s.Redis.AdminPassword))
	}
	for _, f := range edit {
		f(dp)
	}
	c.Make(t, dp)
}

func (s *Servers) qdrantSpec(key tenantryv1.SecretKeyReference) *tenantryv1.QdrantSpec {
	return &tenantryv1.QdrantSpec{
		Address: s.Qdrant.Addr, TLS: &tenantryv1.TLSSpec{Mode: tenantryv1.TLSDisabled}, APIKeySecretRef: key,
		SharedCollections: []tenantryv1.SharedCollection{{Name: SharedCollection, Vectors: vectors()}},
	}
}

func (s *Servers) postgresSpec(dsn tenantryv1.SecretKeyReference) *tenantryv1.PostgresSpec {
	return &tenantryv1.PostgresSpec{
		DSNSecretRef: dsn, SSLMode: "disable",
		AppRoles: []string{s.Database.App.Name}, MaintenanceRoles: []string{s.Database.Maintenance.Name},
		Protect: []tenantryv1.ProtectSpec{{
			Schema: "public", Tables: []string{"*"}, TenantColumn: "tenant_id", Mode: tenantryv1.ProtectEnforce,
		}},
	}
}

func (s *Servers) redisSpec(password tenantryv1.SecretKeyReference) *tenantryv1.RedisSpec {
	return &tenantryv1.RedisSpec{
		Nodes: []string{s.Redis.Addr()}, Username: s.Redis.AdminUser, PasswordSecretRef: password, KeyPrefix: "ai",
		TLS: &tenantryv1.TLSSpec{Mode: tenantryv1.TLSDisabled}, Persistence: tenantryv1.PersistenceACLFile,
	}
}

// planeSecret makes one labelled Secret of a plane.
func (c *Cluster) planeSecret(t testing.TB, plane, server, key, value string) tenantryv1.SecretKeyReference {
	t.Helper()
	secret := &corev1.Secret{StringData: map[string]string{key: value}}
	secret.Namespace, secret.Name = SystemNamespace, plane+"-"+server
	secret.Labels = map[string]string{tenantryv1.DataPlaneLabel: plane}
	c.Make(t, secret)
	return tenantryv1.SecretKeyReference{Name: secret.Name, Key: key}
}

// NewTenant is a Tenant whose credentials go to TenantNamespace.
func NewTenant(plane, name string, edit ...func(*tenantryv1.Tenant)) *tenantryv1.Tenant {
	tn := &tenantryv1.Tenant{}
	tn.Name = name
	tn.Spec = tenantryv1.TenantSpec{
		DataPlane: plane, Namespaces: []string{TenantNamespace},
		Credentials: &tenantryv1.CredentialsSpec{Namespace: TenantNamespace},
	}
	for _, f := range edit {
		f(tn)
	}
	return tn
}

// NewCorpus is a Dedicated Corpus in TenantNamespace.
func NewCorpus(tenant, name string, edit ...func(*tenantryv1.Corpus)) *tenantryv1.Corpus {
	c := &tenantryv1.Corpus{}
	c.Namespace, c.Name = TenantNamespace, name
	c.Spec = tenantryv1.CorpusSpec{Tenant: tenant, Vectors: vectors()}
	for _, f := range edit {
		f(c)
	}
	return c
}

// InSharedCollection makes a Corpus a part of SharedCollection.
func InSharedCollection(c *tenantryv1.Corpus) {
	c.Spec.Vectors, c.Spec.Isolation, c.Spec.SharedCollection = nil, tenantryv1.IsolationShared, SharedCollection
}

// NewReference is a reference Corpus in TrustedNamespace.
func NewReference(plane, jurisdiction, name string) *tenantryv1.Corpus {
	c := &tenantryv1.Corpus{}
	c.Namespace, c.Name = TrustedNamespace, name
	c.Spec = tenantryv1.CorpusSpec{
		Reference: &tenantryv1.ReferenceSpec{DataPlane: plane, Jurisdiction: jurisdiction, LoaderSecretName: name + "-loader"},
		Vectors:   vectors(),
	}
	return c
}

func vectors() []tenantryv1.VectorSpec {
	return []tenantryv1.VectorSpec{{Size: VectorSize, Distance: tenantryv1.DistanceCosine}}
}
