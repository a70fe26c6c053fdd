package bench

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/qdrant/go-client/qdrant"
	goredis "github.com/redis/go-redis/v9"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
	qdrantplane "github.com/tenantry/tenantry/internal/plane/qdrant"
	redisplane "github.com/tenantry/tenantry/internal/plane/redis"
)

// plain is the baseline: one connection of each official client, used by a loop that takes one tenant after the other and
// one call after the other.
type plain struct {
	pg     *pgx.Conn
	redis  *goredis.Client
	qdrant *qdrant.Client
	api    client.Client
	// trips to each server.
	counts *counts
}

func newPlain(tb testing.TB, s *servers, api client.Client) *plain {
	tb.Helper()
	pg, err := pgx.Connect(tb.Context(), s.dsn())
	if err != nil {
		tb.Fatal(err)
	}
	host, port, err := net.SplitHostPort(s.qdrant.Addr)
	if err != nil {
		tb.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		tb.Fatal(err)
	}
	q, err := qdrant.NewClient(&qdrant.Config{Host: host, Port: number, APIKey: s.qdrant.APIKey, SkipCompatibilityCheck: true})
	if err != nil {
		tb.Fatal(err)
	}
	p := &plain{pg: pg, redis: s.redis.Client(), qdrant: q, api: api, counts: &counts{}}
	tb.Cleanup(func() {
		_ = p.pg.Close(context.Background())
		_ = p.redis.Close()
		_ = p.qdrant.Close()
	})
	return p
}

func (p *plain) read(server boundary.Layer)  { p.counts.add(server, false, "plain") }
func (p *plain) write(server boundary.Layer) { p.counts.add(server, true, "plain") }

// The specs of the baseline's plane. They say the same as servers.dataPlane.
var (
	plainMarker = boundary.Marker{Plane: planeName, Installation: "plain", SchemaVersion: boundary.SchemaVersion, KeyFingerprint: "plain"}
	plainRows   = rows.Spec{
		Plane: planeName, Installation: "plain", NameKey: []byte("naming key of the baseline"), IDFormat: rows.Text,
		AppRoles: []string{appRole}, TenantContext: rows.Stamped,
		Protect: []rows.Protect{{Schema: "public", Tables: []string{"*"}, TenantColumn: "tenant_id", Mode: rows.Enforce}},
	}
	plainVector = vector.Spec{Plane: planeName, Shared: []vector.SharedCollection{{Name: "shared-documents", Shape: plainShape}}}
	plainShape  = boundary.Shape{Vectors: []boundary.DenseVector{{Size: 4, Distance: "Cosine"}}}
	plainCache  = cache.Spec{KeyPrefix: keyPrefix, Persistence: cache.ACLFile, Operator: "tenantry"}
)

// prepare puts in place what all tenants share, with the operator's own layers: both sides start from the same servers.
func (s *servers) prepare(tb testing.TB) {
	tb.Helper()
	r, err := postgres.Open(postgres.Config{DSN: boundary.Secret(s.dsn()), Marker: plainMarker, Spec: plainRows})
	if err != nil {
		tb.Fatal(err)
	}
	c, err := redisplane.Open(redisplane.Config{
		Nodes: []string{s.redis.Addr()}, Username: s.redis.AdminUser, Password: boundary.Secret(s.redis.AdminPassword),
		Marker: plainMarker, Spec: plainCache,
	})
	if err != nil {
		tb.Fatal(err)
	}
	v, err := qdrantplane.Open(qdrantplane.Config{
		Address: s.qdrant.Addr, APIKey: boundary.Secret(s.qdrant.APIKey), Marker: plainMarker, Spec: plainVector,
	})
	if err != nil {
		tb.Fatal(err)
	}
	for _, server := range []plane.Server{r, c, v} {
		if err := prepareLayer(tb.Context(), server); err != nil {
			tb.Fatal(err)
		}
		server.Close()
	}
}

func prepareLayer(ctx context.Context, s plane.Server) error {
	if _, err := s.Describe(ctx); err != nil {
		return err
	}
	if _, err := s.Claim(ctx, plainMarker); err != nil {
		return err
	}
	d, err := s.DiffPlane(ctx, plane.Fresh)
	if err != nil {
		return err
	}
	if err := s.Apply(ctx, d.Plan); err != nil {
		return err
	}
	if d, err = s.DiffPlane(ctx, plane.Fresh); err == nil && !d.Settled() {
		err = fmt.Errorf("%s does not settle: %v", s.Layer(), d.Plan.Lines())
	}
	return err
}
