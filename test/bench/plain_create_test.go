package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/qdrant/go-client/qdrant"
	goredis "github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/credential"
)

// newTenant is what the baseline makes for one tenant.
type newTenant struct {
	boundary.Tenant

	dedicated bool
	bindings  map[string]credential.Binding
}

func plainTenant(i int, key boundary.Secret) (newTenant, error) {
	t := newTenant{dedicated: isDedicated(i), Tenant: boundary.Tenant{
		ID: tenantName(i), UID: uuid.NewString(), Access: boundary.Open, Login: true,
	}}
	db := boundary.Credential{Username: rows.LoginName(plainRows, t.UID, 0), Secret: credential.NewPassword()}
	kv := boundary.Credential{Username: cache.UserName(t.ID), Secret: credential.NewPassword()}
	t.Credentials = map[boundary.Layer]boundary.Credential{boundary.Rows: db, boundary.Cache: kv}
	t.bindings = map[string]credential.Binding{
		"postgres": credential.Postgres(credential.Endpoint{Host: "db", Port: 5432}, database, "disable", db),
		"redis":    credential.Redis(credential.Endpoint{Host: "redis", Port: 6379}, false, keyPrefix+":"+t.ID+":", kv),
	}
	if !t.dedicated {
		return t, nil
	}
	t.Corpora = []boundary.Corpus{{
		Name: "notes", UID: uuid.NewString(), TenantID: t.ID, TenantUID: t.UID, Pattern: boundary.Dedicated,
		Collection: vector.CollectionName(t.ID, "notes"), Shape: plainShape,
	}}
	id := credential.NewTokenID()
	token, err := vector.Mint(key, t.UID, id, vector.AccessList(t.Tenant), time.Now().Add(vector.TokenLifetime))
	if err != nil {
		return t, err
	}
	t.Credentials[boundary.Vector] = boundary.Credential{Secret: token, TokenID: id}
	t.bindings["qdrant"], err = credential.Qdrant(credential.Endpoint{Host: "qdrant", Port: 6334}, "",
		map[string]string{"notes": t.Corpora[0].Collection}, t.Credentials[boundary.Vector])
	return t, err
}

// create does on the servers what n new tenants take, and looks at nothing before or after.
func (p *plain) create(tb testing.TB, n int, key boundary.Secret) {
	tb.Helper()
	rule := p.rule(tb)
	for i := range n {
		t, err := plainTenant(i, key)
		if err == nil {
			err = p.createTenant(tb.Context(), t, rule)
		}
		if err != nil {
			tb.Fatalf("baseline: create %s: %v", t.ID, err)
		}
	}
}

func (p *plain) createTenant(ctx context.Context, t newTenant, rule func(newTenant) []any) error {
	if err := p.createRows(ctx, t); err != nil {
		return err
	}
	if err := p.createUser(ctx, t, rule(t)); err != nil {
		return err
	}
	if err := p.createVectors(ctx, t); err != nil {
		return err
	}
	return p.createSecrets(ctx, t)
}

// createRows is one transaction, so that the server syncs its log once.
func (p *plain) createRows(ctx context.Context, t newTenant) error {
	c := t.Credentials[boundary.Rows]
	salt := make([]byte, rows.ScramSaltSize)
	_, _ = rand.Read(salt) // never fails
	verifier, err := rows.ScramVerifier(c.Secret, salt)
	if err != nil {
		return err
	}
	p.write(boundary.Rows) // BEGIN
	p.write(boundary.Rows) // COMMIT
	return pgx.BeginFunc(ctx, p.pg, func(tx pgx.Tx) error {
		for _, s := range []rows.Statement{
			{SQL: "INSERT INTO tenantry.claims (tenant_id, uid) VALUES ($1, $2)", Args: []any{t.ID, t.UID}},
			{SQL: "INSERT INTO tenantry.tenants (tenant_id, state) VALUES ($1, 'Active')", Args: []any{t.ID}},
			{SQL: fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD %s CONNECTION LIMIT %d IN ROLE %s", rows.Ident(c.Username),
				rows.Literal(verifier), rows.LoginConnectionLimit, rows.Ident(rows.GroupName(plainRows)))},
			{SQL: "INSERT INTO tenantry.logins (role_name, tenant_id, slot, fingerprint) VALUES ($1, $2, 0, $3)",
				Args: []any{c.Username, t.ID, c.Secret.Fingerprint()}},
		} {
			p.write(boundary.Rows)
			if _, err := tx.Exec(ctx, s.SQL, s.Args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// rule returns the arguments of the ACL SETUSER that makes a tenant's user: the operator's own, for what this server knows.
func (p *plain) rule(tb testing.TB) func(newTenant) []any {
	tb.Helper()
	categories := map[string][]string{}
	for _, name := range cache.Categories {
		words, err := p.redis.Do(tb.Context(), "ACL", "CAT", name).StringSlice()
		if err != nil {
			tb.Fatal(err)
		}
		categories[name] = words
	}
	node := cache.Node{Name: "node", Home: "node", ACLFilePath: "users.acl", Catalog: cache.NewCatalog(categories)}
	return func(t newTenant) []any {
		args := []any{"ACL", "SETUSER", cache.UserName(t.ID)}
		for _, w := range setUser(node, t.Tenant).Rule {
			args = append(args, w)
		}
		return args
	}
}

// setUser is the change that makes a tenant's user on a node without one.
func setUser(n cache.Node, t boundary.Tenant) cache.SetUser {
	for _, c := range plainCache.DiffTenant([]cache.Node{n}, t).Plan {
		if op, ok := c.Op.(cache.SetUser); ok {
			return op
		}
	}
	panic("a tenant without a user has nothing to change")
}

func (p *plain) createUser(ctx context.Context, t newTenant, rule []any) error {
	for _, do := range []func() error{
		func() error { return p.redis.HSetNX(ctx, cache.ClaimsKey, t.ID, t.UID).Err() },
		func() error { return p.redis.Do(ctx, rule...).Err() },
		func() error { return p.redis.Do(ctx, "ACL", "SAVE").Err() },
		func() error { return p.redis.HSet(ctx, cache.SavedKey, cache.UserName(t.ID), "saved").Err() },
	} {
		p.write(boundary.Cache)
		if err := do(); err != nil && err != goredis.Nil { //nolint:errorlint // the client documents that Nil is not wrapped
			return err
		}
	}
	return nil
}

func (p *plain) createVectors(ctx context.Context, t newTenant) error {
	if err := p.upsert(ctx, vector.ClaimsCollection, map[string]any{"kind": "tenant", "tenant_id": t.ID, "uid": t.UID, "tombstone": false}); err != nil {
		return err
	}
	if !t.dedicated {
		return nil
	}
	p.write(boundary.Vector)
	if err := p.qdrant.CreateCollection(ctx, &qdrant.CreateCollection{
		CollectionName: t.Corpora[0].Collection, OnDiskPayload: qdrant.PtrOf(true),
		VectorsConfig:    qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: 4, Distance: qdrant.Distance_Cosine}),
		OptimizersConfig: &qdrant.OptimizersConfigDiff{DefaultSegmentNumber: qdrant.PtrOf(uint64(1))},
		WalConfig:        &qdrant.WalConfigDiff{WalCapacityMb: qdrant.PtrOf(uint64(1))},
	}); err != nil {
		return err
	}
	return p.upsert(ctx, vector.TokensCollection, map[string]any{
		"kind": "grant", "token": t.Credentials[boundary.Vector].TokenID, "tenant_uid": t.UID,
	})
}

func (p *plain) upsert(ctx context.Context, collection string, payload map[string]any) error {
	p.write(boundary.Vector)
	_, err := p.qdrant.Upsert(ctx, &qdrant.UpsertPoints{
		CollectionName: collection, Wait: qdrant.PtrOf(true), Points: []*qdrant.PointStruct{{
			Id: qdrant.NewIDUUID(uuid.NewString()), Vectors: qdrant.NewVectors(1), Payload: qdrant.NewValueMap(payload),
		}},
	})
	return err
}

func (p *plain) createSecrets(ctx context.Context, t newTenant) error {
	for suffix, b := range t.bindings {
		s := &corev1.Secret{Type: corev1.SecretType("servicebinding.io/" + b.Type()), Data: b}
		s.Namespace, s.Name = plainNamespace, t.ID+"-"+suffix
		p.write(api)
		if err := p.api.Create(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
