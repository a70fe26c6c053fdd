package bench

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
)

const (
	planeName = "eu-1"
	database  = "product"
	keyPrefix = "ai"
	appRole   = "app"

	operatorRole     = "tenantry"
	operatorPassword = "of-the-benchmark-only"
)

// servers are the three backends of one plane, of this run alone and prepared as a platform team would.
type servers struct {
	pg     *stack.Postgres
	redis  *stack.Redis
	qdrant *stack.Qdrant
}

func newServers(tb testing.TB) *servers {
	tb.Helper()
	ctx := context.Background() // they outlive the benchmark that asked for them
	s := &servers{}
	var err error
	if s.pg, err = stack.StartPostgres(ctx, stack.PostgresOptions{Durable: true}); err != nil {
		tb.Fatal(err)
	}
	if s.redis, err = stack.StartRedis(ctx, stack.RedisOptions{}); err != nil {
		tb.Fatal(err)
	}
	if s.qdrant, err = stack.StartQdrant(ctx, stack.QdrantOptions{JWT: true}); err != nil {
		tb.Fatal(err)
	}
	s.prepareDatabase(tb)
	return s
}

func (s *servers) stop() {
	s.qdrant.Stop()
	s.redis.Stop()
	s.pg.Stop()
}

// dsn of the operator's role.
func (s *servers) dsn() string { return s.pg.DSN(operatorRole, operatorPassword, database) }

// prepareDatabase makes the operator's role without more rights than it needs, an application's role and a table.
func (s *servers) prepareDatabase(tb testing.TB) {
	tb.Helper()
	s.execute(tb, "postgres",
		fmt.Sprintf("CREATE ROLE %s LOGIN CREATEROLE PASSWORD '%s'", operatorRole, operatorPassword),
		fmt.Sprintf("CREATE DATABASE %s OWNER %s", database, operatorRole),
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", appRole, operatorPassword))
	s.execute(tb, database,
		"CREATE ROLE product_owner NOLOGIN",
		fmt.Sprintf("GRANT pg_signal_backend, product_owner TO %s", operatorRole),
		"GRANT CREATE, USAGE ON SCHEMA public TO product_owner",
		"SET ROLE product_owner",
		"CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY, tenant_id text NOT NULL, body text, PRIMARY KEY (tenant_id, id))")
}

func (s *servers) execute(tb testing.TB, database string, statements ...string) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), s.pg.SuperuserDSN(database))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range statements {
		if _, err := conn.Exec(tb.Context(), sql); err != nil {
			tb.Fatalf("%s: %v", sql, err)
		}
	}
}

// dataPlane declares the plane and the Secrets that it refers to.
func (s *servers) dataPlane(tb testing.TB, c *cluster) {
	tb.Helper()
	for name, pair := range map[string][2]string{
		"postgres": {"dsn", s.dsn()}, "redis": {"password", s.redis.AdminPassword}, "qdrant": {"api-key", s.qdrant.APIKey},
	} {
		secret := &corev1.Secret{StringData: map[string]string{pair[0]: pair[1]}}
		secret.Namespace, secret.Name = systemNamespace, name
		secret.Labels = map[string]string{tenantryv1.DataPlaneLabel: planeName}
		c.create(tb, secret)
	}
	plain := &tenantryv1.TLSSpec{Mode: tenantryv1.TLSDisabled}
	dp := &tenantryv1.DataPlane{}
	dp.Name = planeName
	dp.Spec = tenantryv1.DataPlaneSpec{
		KeysSecretRef: tenantryv1.LocalSecretReference{Name: planeName + "-keys"},
		Qdrant: &tenantryv1.QdrantSpec{
			Address: s.qdrant.Addr, TLS: plain, APIKeySecretRef: tenantryv1.SecretKeyReference{Name: "qdrant", Key: "api-key"},
			SharedCollections: []tenantryv1.SharedCollection{{Name: "shared-documents", Vectors: shape}},
		},
		Postgres: &tenantryv1.PostgresSpec{
			DSNSecretRef: tenantryv1.SecretKeyReference{Name: "postgres", Key: "dsn"}, SSLMode: "disable", AppRoles: []string{appRole},
			Protect: []tenantryv1.ProtectSpec{{
				Schema: "public", Tables: []string{"*"}, TenantColumn: "tenant_id", Mode: tenantryv1.ProtectEnforce,
			}},
		},
		Redis: &tenantryv1.RedisSpec{
			Nodes: []string{s.redis.Addr()}, Username: s.redis.AdminUser, KeyPrefix: keyPrefix, TLS: plain,
			PasswordSecretRef: tenantryv1.SecretKeyReference{Name: "redis", Key: "password"}, Persistence: tenantryv1.PersistenceACLFile,
		},
	}
	c.create(tb, dp)
}

var shape = []tenantryv1.VectorSpec{{Size: 4, Distance: tenantryv1.DistanceCosine}}
