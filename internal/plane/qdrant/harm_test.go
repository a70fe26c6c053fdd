package qdrant_test

import (
	"testing"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

// harm is something done by hand, and the finding that it must lead to.
type harm struct {
	do       func(admin caller, tn boundary.Tenant) error
	plane    bool // the plane's finding; else the tenant's
	object   string
	kind     boundary.Kind
	severity boundary.Severity
	says     string // a part of the message: what is wrong, or the call that mends it
}

const own = "tenant_t-acme_notes"

var harms = map[string]harm{
	"a shared collection dropped": {
		do:    func(a caller, _ boundary.Tenant) error { return a.drop(sharedName) },
		plane: true, object: "collection " + sharedName, kind: boundary.Missing, severity: boundary.Warning, says: "does not exist",
	},
	"a collection of the tenant dropped": {
		do:     func(a caller, _ boundary.Tenant) error { return a.drop(own) },
		object: "collection " + own, kind: boundary.Missing, severity: boundary.Warning, says: "does not exist",
	},
	"the records of all tokens dropped": {
		do:    func(a caller, _ boundary.Tenant) error { return a.drop(vector.TokensCollection) },
		plane: true, object: "collection " + vector.TokensCollection, kind: boundary.Missing, severity: boundary.Warning, says: "does not exist",
	},
	"the index on the tenant dropped": {
		do:    func(a caller, _ boundary.Tenant) error { return a.dropIndex(sharedName, vector.TenantField) },
		plane: true, object: "index " + sharedName + "." + vector.TenantField, kind: boundary.Missing, severity: boundary.Warning,
		says: `PUT /collections/` + sharedName + `/index {"field_name":"tenant_id","field_schema":{"is_tenant":true,"type":"keyword"}}`,
	},
	"the index on the corpus dropped": {
		do:    func(a caller, _ boundary.Tenant) error { return a.dropIndex(sharedName, vector.CorpusField) },
		plane: true, object: "index " + sharedName + "." + vector.CorpusField, kind: boundary.Missing, severity: boundary.Warning,
		says: "PUT /collections/" + sharedName + "/index",
	},
	"the index on the tenant without is_tenant": {
		do: func(a caller, _ boundary.Tenant) error {
			if err := a.dropIndex(sharedName, vector.TenantField); err != nil {
				return err
			}
			return a.index(sharedName, vector.TenantField, pb.FieldType_FieldTypeKeyword)
		},
		plane: true, object: "index " + sharedName + "." + vector.TenantField, kind: boundary.Changed, severity: boundary.Warning, says: "must be Keyword with is_tenant",
	},
	"the index that every token is looked up in dropped": {
		do:    func(a caller, _ boundary.Tenant) error { return a.dropIndex(vector.TokensCollection, "token") },
		plane: true, object: "index " + vector.TokensCollection + ".token", kind: boundary.Missing, severity: boundary.Info, says: "PUT /collections/" + vector.TokensCollection + "/index",
	},
	"strict mode off": {
		do: func(a caller, _ boundary.Tenant) error {
			return a.strict(sharedName, &pb.StrictModeConfig{Enabled: pb.PtrOf(false)})
		},
		plane: true, object: "collection " + sharedName, kind: boundary.Changed, severity: boundary.Warning, says: `PATCH /collections/` + sharedName + ` {"strict_mode_config":{"enabled":true`,
	},
	"exact search allowed": {
		do: func(a caller, _ boundary.Tenant) error {
			return a.strict(sharedName, &pb.StrictModeConfig{SearchAllowExact: pb.PtrOf(true)})
		},
		plane: true, object: "collection " + sharedName, kind: boundary.Changed, severity: boundary.Warning, says: "strict mode search_allow_exact is true, must be false",
	},
	"no bound on answers": {
		do: func(a caller, _ boundary.Tenant) error {
			return a.strict(sharedName, &pb.StrictModeConfig{MaxQueryLimit: pb.PtrOf(uint32(1000000))})
		},
		plane: true, object: "collection " + sharedName, kind: boundary.Changed, severity: boundary.Warning, says: "strict mode max_query_limit is 1000000, must be 10000",
	},
	"a graph over all tenants": {
		do: func(a caller, _ boundary.Tenant) error {
			return a.update(&pb.UpdateCollection{CollectionName: sharedName, HnswConfig: &pb.HnswConfigDiff{M: pb.PtrOf(uint64(16))}})
		},
		plane: true, object: "collection " + sharedName, kind: boundary.Changed, severity: boundary.Warning, says: "hnsw_config is {m: 16",
	},
	"no graph per tenant": {
		do: func(a caller, _ boundary.Tenant) error {
			return a.update(&pb.UpdateCollection{CollectionName: sharedName, HnswConfig: &pb.HnswConfigDiff{PayloadM: pb.PtrOf(uint64(0))}})
		},
		plane: true, object: "collection " + sharedName, kind: boundary.Changed, severity: boundary.Warning, says: "payload_m: 0",
	},
	"another replication factor": {
		do: func(a caller, _ boundary.Tenant) error {
			return a.update(&pb.UpdateCollection{CollectionName: sharedName, Params: &pb.CollectionParamsDiff{ReplicationFactor: pb.PtrOf(uint32(2))}})
		},
		plane: true, object: "collection " + sharedName, kind: boundary.Changed, severity: boundary.Info, says: `{"params":{"replication_factor":1}}`,
	},
	"idf off in a collection of the plane": {
		do: func(a caller, _ boundary.Tenant) error {
			return a.update(&pb.UpdateCollection{CollectionName: sharedName, SparseVectorsConfig: &pb.SparseVectorConfig{
				Map: map[string]*pb.SparseVectorParams{"text": {Modifier: pb.Modifier_None.Enum()}},
			}})
		},
		plane: true, object: "collection " + sharedName, kind: boundary.Changed, severity: boundary.Info, says: "the idf modifier of sparse vector",
	},
	"an index of the tenant dropped": {
		do:     func(a caller, _ boundary.Tenant) error { return a.dropIndex(own, "source") },
		object: "index " + own + ".source", kind: boundary.Missing, severity: boundary.Info, says: "PUT /collections/" + own + "/index",
	},
	"an index that nobody declared": {
		do:     func(a caller, _ boundary.Tenant) error { return a.index(own, "price", pb.FieldType_FieldTypeFloat) },
		object: "index " + own + ".price", kind: boundary.Unexpected, severity: boundary.Info, says: "DELETE /collections/" + own + "/index/price",
	},
	"the token revoked": {
		do: func(a caller, _ boundary.Tenant) error {
			return a.erase(vector.TokensCollection, pb.NewMatchKeyword("token", "token-of-t-acme"))
		},
		object: "token token-of-t-acme", kind: boundary.Missing, severity: boundary.Warning, says: "the token has no record and opens nothing",
	},
	"a record of the tenant made by hand": {
		do: func(a caller, tn boundary.Tenant) error {
			return a.record(9, map[string]any{
				"kind": "grant", "token": "by-hand", "tenant_uid": tn.UID, "exp": int64(1 << 40),
				"collections": []any{map[string]any{"name": "tenant_globex_notes", "access": "prw"}},
			})
		},
		object: "token by-hand", kind: boundary.Unexpected, severity: boundary.Critical, says: `POST /collections/tenantry_tokens/points/delete {"points":[9]}`,
	},
	"the claim lost": {
		do: func(a caller, tn boundary.Tenant) error {
			return a.erase(vector.ClaimsCollection, pb.NewMatchKeyword("uid", tn.UID))
		},
		object: "claim on tenantID t-acme", kind: boundary.Missing, severity: boundary.Warning, says: "it is claimed for Tenant",
	},
}

func (c caller) update(r *pb.UpdateCollection) error {
	_, err := c.collections.Update(c.ctx, r)
	return err
}

func (c caller) index(collection, field string, kind pb.FieldType) error {
	_, err := c.points.CreateFieldIndex(c.ctx, &pb.CreateFieldIndexCollection{CollectionName: collection, FieldName: field, FieldType: &kind, Wait: pb.PtrOf(true)})
	return err
}

func (c caller) erase(collection string, which *pb.Condition) error {
	_, err := c.points.Delete(c.ctx, &pb.DeletePoints{
		CollectionName: collection, Wait: pb.PtrOf(true), Points: pb.NewPointsSelectorFilter(&pb.Filter{Must: []*pb.Condition{which}}),
	})
	return err
}

func (c caller) record(id uint64, payload map[string]any) error {
	_, err := c.points.Upsert(c.ctx, &pb.UpsertPoints{CollectionName: vector.TokensCollection, Wait: pb.PtrOf(true), Points: []*pb.PointStruct{{
		Id: pb.NewIDNum(id), Vectors: pb.NewVectors(1), Payload: pb.NewValueMap(payload),
	}}})
	return err
}

// Each harm is found within an audit interval, says what is wrong, is left alone by a look, and is mended by an apply, which
// drops no collection and deletes no point but the record of a token.
func TestEveryHarmIsFoundExplainedAndMended(t *testing.T) {
	for name, h := range harms {
		t.Run(name, func(t *testing.T) {
			r := newRig(t).claimed()
			acme := r.open(tenant("acme", "notes"))
			admin := r.as(r.cfg.APIKey)
			if err := r.as(token(acme)).upsert(own, 1); err != nil {
				t.Fatal(err)
			}
			r.clean(acme)
			if err := h.do(admin, acme); err != nil {
				t.Fatal(err)
			}
			diff := r.tenantDiff(acme)
			if h.plane {
				diff = r.plane
			}
			reads, writes := r.measure(func() {
				f := r.found(diff, h.object, h.kind)
				r.says(f, h.severity, "", h.says)
			})
			if reads == 0 || writes != 0 {
				t.Errorf("a look wrote %d times", writes)
			}
			deletes := r.count("Delete")
			r.converge(diff)
			r.converge(r.plane)
			r.converge(r.tenantDiff(acme))
			if n := r.count("Delete") - deletes; n != 0 && h.kind != boundary.Unexpected {
				t.Errorf("%d deletions", n)
			}
			r.clean(acme)
			if _, err := r.as(token(acme)).query(own); err != nil {
				t.Errorf("afterwards the tenant's token does not work: %v", err)
			}
		})
	}
}

// clean fails where anything is found.
func (r *rig) clean(tn boundary.Tenant) {
	r.t.Helper()
	r.clock.SetTime(r.clock.Now().Add(r.cfg.SnapshotAge))
	for _, diff := range []func(plane.Freshness) (boundary.Diff, error){r.plane, r.tenantDiff(tn)} {
		if d, err := diff(plane.Recent); err != nil || len(d.Findings()) != 0 {
			r.t.Fatalf("a clean server: %+v, %v", d.Findings(), err)
		}
	}
}
