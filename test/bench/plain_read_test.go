package bench

import (
	"context"
	"fmt"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/credential"
)

func keyOf(o client.Object) types.NamespacedName { return client.ObjectKeyFromObject(o) }

// readAll reads what stands for each of n tenants, one after the other: its Secrets, its role and rows, its user and
// records, its claim, and where it has a corpus of its own the collection and the token's record.
func (p *plain) readAll(tb testing.TB, n int) {
	tb.Helper()
	claims := p.claimPoints(tb)
	for i := range n {
		t := &tenantryv1.Tenant{}
		t.Name = tenantName(i)
		err := p.api.Get(tb.Context(), keyOf(t), t)
		p.read(api)
		if err == nil {
			err = p.readTenant(tb.Context(), t, claims[t.Name])
		}
		if err != nil {
			tb.Fatalf("baseline: read %s: %v", t.Name, err)
		}
	}
}

func (p *plain) readTenant(ctx context.Context, t *tenantryv1.Tenant, claim *qdrant.PointId) error {
	for _, c := range t.Status.Credentials {
		var s corev1.Secret
		p.read(api)
		if err := p.api.Get(ctx, types.NamespacedName{Namespace: tenantNamespace, Name: c.SecretName}, &s); err != nil {
			return err
		}
		if err := p.readLayer(ctx, boundary.Layer(c.Layer), t, s.Data); err != nil {
			return fmt.Errorf("%s: %w", c.Layer, err)
		}
	}
	p.read(boundary.Vector)
	points, err := p.qdrant.Get(ctx, &qdrant.GetPoints{
		CollectionName: vector.ClaimsCollection, Ids: []*qdrant.PointId{claim}, WithPayload: qdrant.NewWithPayload(true),
	})
	if err == nil && len(points) != 1 {
		err = fmt.Errorf("%d claims", len(points))
	}
	return err
}

func (p *plain) readLayer(ctx context.Context, l boundary.Layer, t *tenantryv1.Tenant, b credential.Binding) error {
	switch l {
	case boundary.Rows:
		return p.readRows(ctx, t.Status.TenantID, b.Username())
	case boundary.Cache:
		return p.readUser(ctx, t.Status.TenantID, b.Username())
	}
	return p.readCollection(ctx, vector.CollectionName(t.Status.TenantID, t.Name+"-notes"), string(t.UID))
}

func (p *plain) readRows(ctx context.Context, id, role string) error {
	var found int
	p.read(boundary.Rows)
	if err := p.pg.QueryRow(ctx, `SELECT count(*) FROM (
		SELECT r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolconnlimit, array_agg(g.rolname) FROM pg_roles r
		JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles g ON g.oid = m.roleid
		WHERE r.rolname = $1 GROUP BY 1, 2, 3, 4) x`, role).Scan(&found); err != nil || found != 1 {
		return fmt.Errorf("%d roles %s: %w", found, role, err)
	}
	p.read(boundary.Rows)
	if err := p.pg.QueryRow(ctx, `SELECT count(*) FROM tenantry.claims c JOIN tenantry.tenants USING (tenant_id)
		JOIN tenantry.logins USING (tenant_id) WHERE tenant_id = $1`, id).Scan(&found); err != nil || found != 1 {
		return fmt.Errorf("%d rows of %s: %w", found, id, err)
	}
	return nil
}

func (p *plain) readUser(ctx context.Context, id, user string) error {
	p.read(boundary.Cache)
	if err := p.redis.Do(ctx, "ACL", "GETUSER", user).Err(); err != nil {
		return err
	}
	p.read(boundary.Cache)
	return p.redis.HGet(ctx, cache.ClaimsKey, id).Err()
}

func (p *plain) readCollection(ctx context.Context, name, owner string) error {
	p.read(boundary.Vector)
	if _, err := p.qdrant.GetCollectionInfo(ctx, name); err != nil {
		return err
	}
	p.read(boundary.Vector)
	_, err := p.qdrant.Scroll(ctx, &qdrant.ScrollPoints{
		CollectionName: vector.TokensCollection, WithPayload: qdrant.NewWithPayload(true),
		Filter: &qdrant.Filter{Must: []*qdrant.Condition{qdrant.NewMatchKeyword("tenant_uid", owner)}},
	})
	return err
}

// claimPoints finds the points of the claims, which are not part of what is measured: whoever keeps one knows its id.
func (p *plain) claimPoints(tb testing.TB) map[string]*qdrant.PointId {
	tb.Helper()
	points, err := p.qdrant.Scroll(tb.Context(), &qdrant.ScrollPoints{
		CollectionName: vector.ClaimsCollection, WithPayload: qdrant.NewWithPayload(true), Limit: qdrant.PtrOf(uint32(1 << 20)),
	})
	if err != nil {
		tb.Fatal(err)
	}
	out := map[string]*qdrant.PointId{}
	for _, point := range points {
		out[point.GetPayload()["tenant_id"].GetStringValue()] = point.GetId()
	}
	return out
}
