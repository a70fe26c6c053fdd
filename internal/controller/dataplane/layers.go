package dataplane

import (
	"context"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/controller/desired"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

const (
	defaultMaxDedicated = 300
	defaultSSLMode      = "require"
)

func (r *resolver) qdrant(ctx context.Context) error {
	spec := r.dp.Spec.Qdrant
	if spec == nil {
		return nil
	}
	key, err := r.value(ctx, spec.APIKeySecretRef)
	if err != nil {
		return err
	}
	tlsConfig, err := r.tls(ctx, boundary.Vector, spec.TLS)
	if err != nil {
		return err
	}
	r.out.Advertised.Qdrant = advertised(spec.Advertise, spec.Address)
	r.out.Advertised.QdrantREST = spec.RESTURL
	r.out.Qdrant = &qdrant.Config{
		Address: spec.Address, APIKey: key, TLS: tlsConfig, RESTURL: spec.RESTURL,
		Spec: vector.Spec{
			Plane: r.dp.Name, Shared: sharedCollections(spec.SharedCollections), MaxDedicated: int(orDefault(spec.MaxDedicatedCollections, defaultMaxDedicated)),
		},
	}
	return nil
}

func (r *resolver) postgres(ctx context.Context) error {
	spec := r.dp.Spec.Postgres
	if spec == nil {
		return nil
	}
	dsn, err := r.value(ctx, spec.DSNSecretRef)
	if err != nil {
		return err
	}
	parsed, err := pgx.ParseConfig(dsn.Reveal())
	if err != nil {
		// The parser's own message repeats parts of the string.
		return plane.Faultf(secretInvalid, nil, "key %q of Secret %s/%s is not a PostgreSQL connection string; "+
			"write it as postgresql://user:password@host:port/database", spec.DSNSecretRef.Key, r.namespace, spec.DSNSecretRef.Name)
	}
	r.out.Advertised.Postgres = credential.Endpoint{Host: parsed.Host, Port: int32(parsed.Port)}
	if a := spec.Advertise; a != nil {
		r.out.Advertised.Postgres = credential.Endpoint{Host: a.Host, Port: a.Port}
	}
	r.out.Advertised.Database, r.out.Advertised.SSLMode = parsed.Database, orDefault(spec.SSLMode, defaultSSLMode)
	budgets, err := desired.PlaneBudgets(r.dp)
	if err != nil {
		return plane.Faultf(plane.InvalidSpec, err, "%v", err)
	}
	r.out.Postgres = &postgres.Config{DSN: dsn, Spec: r.rowsSpec(spec), Budget: budgets}
	return nil
}

func (r *resolver) rowsSpec(spec *tenantryv1.PostgresSpec) rows.Spec {
	out := rows.Spec{
		Plane: r.dp.Name, Installation: r.out.Marker.Installation, NameKey: r.out.Keys.Naming, IDFormat: r.out.IDFormat,
		AppRoles: spec.AppRoles, TenantContext: string(orDefault(spec.TenantContext, tenantryv1.TenantContextStamped)),
		MaintenanceRoles: spec.MaintenanceRoles,
	}
	for _, p := range spec.Protect {
		out.Protect = append(out.Protect, rows.Protect{
			Schema: p.Schema, Tables: p.Tables, TenantColumn: p.TenantColumn, Mode: string(orDefault(p.Mode, tenantryv1.ProtectReport)),
		})
	}
	return out
}

func (r *resolver) redis(ctx context.Context) error {
	spec := r.dp.Spec.Redis
	if spec == nil {
		return nil
	}
	password, err := r.value(ctx, spec.PasswordSecretRef)
	if err != nil {
		return err
	}
	appPassword, err := r.appPassword(ctx)
	if err != nil {
		return err
	}
	tlsConfig, err := r.tls(ctx, boundary.Cache, spec.TLS)
	if err != nil {
		return err
	}
	r.out.Advertised.Redis, r.out.Advertised.RedisTLS = advertised(spec.Advertise, spec.Nodes[0]), tlsConfig != nil
	r.out.Redis = &redis.Config{
		Nodes: spec.Nodes, Discovery: string(orDefault(spec.Discovery, tenantryv1.DiscoveryStatic)), MasterName: spec.MasterName,
		Username: orDefault(spec.Username, "default"), Password: password, TLS: tlsConfig,
		Spec: cache.Spec{
			KeyPrefix: spec.KeyPrefix, Persistence: string(spec.Persistence), Scripts: orDefault(spec.Scripts, "Deny"),
			AppUser: spec.AppUser, AppPassword: appPassword,
		},
	}
	return nil
}

// appPassword reads the password of the pooled user. Where the spec names no Secret it is in one that the operator made.
func (r *resolver) appPassword(ctx context.Context) (boundary.Secret, error) {
	spec := r.dp.Spec.Redis
	switch {
	case spec.AppUser == "":
		return "", nil
	case spec.AppUserPasswordSecretRef != nil:
		return r.value(ctx, *spec.AppUserPasswordSecretRef)
	}
	return r.value(ctx, tenantryv1.SecretKeyReference{Name: appSecretName(r.dp), Key: "password"})
}

func appSecretName(dp *tenantryv1.DataPlane) string { return dp.Name + "-redis-app" }

// needsAppSecret says that the Secret of the pooled user is ours to make and does not exist yet.
func (r *resolver) needsAppSecret(ctx context.Context) bool {
	spec := r.dp.Spec.Redis
	if spec == nil || spec.AppUser == "" || spec.AppUserPasswordSecretRef != nil {
		return false
	}
	_, err := r.secret(ctx, appSecretName(r.dp))
	return apierrors.IsNotFound(unwrap(err))
}

func sharedCollections(in []tenantryv1.SharedCollection) []vector.SharedCollection {
	out := make([]vector.SharedCollection, 0, len(in))
	for _, c := range in {
		shape := desired.Shape(c.Vectors, c.SparseVectors, c.PayloadIndexes)
		shape.ShardNumber, shape.ReplicationFactor = uint32(c.ShardNumber), uint32(c.ReplicationFactor)
		shape.Quantization, shape.OnDisk = c.Quantization, c.OnDisk == tenantryv1.Enabled
		if c.HNSW != nil {
			shape.PayloadM, shape.EfConstruct = uint64(c.HNSW.PayloadM), uint64(c.HNSW.EfConstruct)
		}
		out = append(out, vector.SharedCollection{Name: c.Name, Shape: shape})
	}
	return out
}

// advertised is what the spec says, or host and port of an address that the schema has checked.
func advertised(e *tenantryv1.Endpoint, address string) credential.Endpoint {
	if e != nil {
		return credential.Endpoint{Host: e.Host, Port: e.Port}
	}
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.ParseInt(port, 10, 32)
	return credential.Endpoint{Host: host, Port: int32(n)}
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
