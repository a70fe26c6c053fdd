package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

const settleWithin = 30 * time.Second

// servers are the backends of one plane, prepared as a platform team would.
type servers struct {
	pg     *stack.Postgres
	db     string
	redis  *stack.Redis
	qdrant *stack.Qdrant

	opRole, opPassword   string
	appRole, appPassword string
	owner                string
}

func newServers(t *testing.T) *servers {
	t.Helper()
	s := &servers{
		pg:    stacktest.Postgres(t),
		redis: stacktest.NewRedis(t, stack.RedisOptions{}), qdrant: stacktest.NewQdrant(t, stack.QdrantOptions{JWT: true}),
	}
	s.db = stacktest.Database(t, s.pg)
	suffix := strings.ToLower(rand.Text()[:8])
	s.opRole, s.opPassword = "op_"+suffix, rand.Text()
	s.appRole, s.appPassword = "app_"+suffix, rand.Text()
	s.owner = "owner_" + suffix
	s.prepareDatabase(t)
	return s
}

// prepareDatabase makes the operator's minimal role, the application's roles and its tables.
func (s *servers) prepareDatabase(t *testing.T) {
	t.Helper()
	admin := s.admin(t)
	for _, sql := range []string{
		fmt.Sprintf(`CREATE ROLE %s LOGIN CREATEROLE PASSWORD '%s'`, s.opRole, s.opPassword),
		fmt.Sprintf(`CREATE ROLE %s NOLOGIN`, s.owner),
		fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD '%s'`, s.appRole, s.appPassword),
		fmt.Sprintf(`GRANT CREATE, CONNECT ON DATABASE %s TO %s WITH GRANT OPTION`, s.db, s.opRole),
		fmt.Sprintf(`ALTER DATABASE %s OWNER TO %s`, s.db, s.opRole),
		fmt.Sprintf(`GRANT pg_signal_backend, %s TO %s`, s.owner, s.opRole),
		fmt.Sprintf(`GRANT CREATE, USAGE ON SCHEMA public TO %s`, s.owner),
		fmt.Sprintf(`SET ROLE %s`, s.owner),
		`CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id text NOT NULL, body text, PRIMARY KEY (tenant_id, id))`,
		`RESET ROLE`,
	} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func (s *servers) admin(t *testing.T) *pgx.Conn { return connect(t, s.pg.SuperuserDSN(s.db)) }

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (s *servers) redisAdmin(t *testing.T) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.redis.Addr(), Username: s.redis.AdminUser, Password: s.redis.AdminPassword})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// dataPlane declares the plane and the Secrets it refers to.
func (s *servers) dataPlane(t *testing.T, c *cluster, name string, edit ...func(*tenantryv1.DataPlane)) *tenantryv1.DataPlane {
	t.Helper()
	s.secret(t, c, name, name+"-postgres", "dsn", s.pg.DSN(s.opRole, s.opPassword, s.db))
	s.secret(t, c, name, name+"-redis", "password", s.redis.AdminPassword)
	s.secret(t, c, name, name+"-qdrant", "api-key", s.qdrant.APIKey)
	dp := &tenantryv1.DataPlane{}
	dp.Name = name
	dp.Spec = tenantryv1.DataPlaneSpec{
		KeysSecretRef: tenantryv1.LocalSecretReference{Name: name + "-keys"},
		Qdrant: &tenantryv1.QdrantSpec{
			Address: s.qdrant.Addr, TLS: &tenantryv1.TLSSpec{Mode: tenantryv1.TLSDisabled},
			APIKeySecretRef: tenantryv1.SecretKeyReference{Name: name + "-qdrant", Key: "api-key"},
			SharedCollections: []tenantryv1.SharedCollection{{
				Name: "shared-documents", Vectors: []tenantryv1.VectorSpec{{Size: 4, Distance: tenantryv1.DistanceCosine}},
			}},
		},
		Postgres: &tenantryv1.PostgresSpec{
			DSNSecretRef: tenantryv1.SecretKeyReference{Name: name + "-postgres", Key: "dsn"},
			SSLMode:      "disable", AppRoles: []string{s.appRole},
			Protect: []tenantryv1.ProtectSpec{{
				Schema: "public", Tables: []string{"*"}, TenantColumn: "tenant_id", Mode: tenantryv1.ProtectEnforce,
			}},
		},
		Redis: &tenantryv1.RedisSpec{
			Nodes: []string{s.redis.Addr()}, Username: s.redis.AdminUser, KeyPrefix: "ai",
			PasswordSecretRef: tenantryv1.SecretKeyReference{Name: name + "-redis", Key: "password"},
			TLS:               &tenantryv1.TLSSpec{Mode: tenantryv1.TLSDisabled}, Persistence: tenantryv1.PersistenceACLFile,
		},
		TrustedNamespaces: []string{"platform"},
		Audit:             &tenantryv1.AuditSpec{IntervalSeconds: 1},
	}
	for _, f := range edit {
		f(dp)
	}
	c.create(t, dp)
	return dp
}

func (s *servers) secret(t *testing.T, c *cluster, plane, name, key, value string) {
	t.Helper()
	secret := &corev1.Secret{StringData: map[string]string{key: value}}
	secret.Namespace, secret.Name = systemNamespace, name
	secret.Labels = map[string]string{tenantryv1.DataPlaneLabel: plane}
	c.create(t, secret)
}

func newTenant(plane, name string, edit ...func(*tenantryv1.Tenant)) *tenantryv1.Tenant {
	tn := &tenantryv1.Tenant{}
	tn.Name = name
	tn.Spec = tenantryv1.TenantSpec{
		DataPlane: plane, Namespaces: []string{tenantNamespace},
		Credentials: &tenantryv1.CredentialsSpec{Namespace: tenantNamespace},
	}
	for _, f := range edit {
		f(tn)
	}
	return tn
}

func newCorpus(tenant, name string, edit ...func(*tenantryv1.Corpus)) *tenantryv1.Corpus {
	c := &tenantryv1.Corpus{}
	c.Namespace, c.Name = tenantNamespace, name
	c.Spec = tenantryv1.CorpusSpec{
		Tenant: tenant, Vectors: []tenantryv1.VectorSpec{{Size: 4, Distance: tenantryv1.DistanceCosine}},
	}
	for _, f := range edit {
		f(c)
	}
	return c
}

// get reads an object again by its name.
func get[T any, P interface {
	*T
	clientObject
}](ctx context.Context, c *cluster, namespace, name string) (P, error) {
	var o T
	err := c.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, P(&o))
	return &o, err
}
