package vector

import (
	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	typeKeyword = "Keyword"

	// Collections of one tenant are many: few segments and a small log keep memory, files and disk per collection low.
	smallSegments = 2
	smallWAL      = 4

	// maxQueryLimit bounds one answer from a shared collection.
	maxQueryLimit = 10000
)

// sharedStrict is a tripwire, not the boundary: a query that forgot its tenant is refused by the server itself.
var sharedStrict = Strict{
	Enabled: true, RefuseUnindexedReads: true, RefuseUnindexedWrites: true, RefuseExact: true, MaxQueryLimit: maxQueryLimit,
}

// tokenStrict bounds what one request may ask for where a tenant comes with a token of its own, past the gateway. The figures
// are those that the engine holds every request to, so that what the gateway lets through is never refused by them.
var tokenStrict = Strict{
	Enabled: true, MaxQueryLimit: maxQueryLimit, MaxEf: maxQueryLimit, MaxOversampling: 100, MaxPoints: 20000, MaxConditions: 2000,
}

func (p Plane) stamp(name string, kind Kind) *Stamp {
	return &Stamp{Plane: p.Marker.Plane, Installation: p.Marker.Installation, Collection: name, Kind: kind}
}

// Claims is the collection of claims.
func (p Plane) Claims() Collection { return p.own(ClaimsCollection, KindClaims, "kind", "uid") }

// Tokens is the collection of grant records. Qdrant looks the indexed fields up on every request with a token.
func (p Plane) Tokens() Collection { return p.own(TokensCollection, KindTokens, "token", "tenant_uid") }

// own is a collection of records. Qdrant wants a vector with every point; one of one dimension is the least.
func (p Plane) own(name string, kind Kind, fields ...string) Collection {
	c := Collection{
		Name: name, Stamp: p.stamp(name, kind), HNSW: HNSW{EfConstruct: defaultHNSW.EfConstruct},
		Segments: 1, WALMegabytes: smallWAL,
		Vectors: []Vector{{Size: 1, Distance: "Dot"}},
	}
	for _, f := range fields {
		c.Indexes = append(c.Indexes, Index{Field: f, Type: typeKeyword})
	}
	return c.inherited()
}

// Shared is a declared shared collection. There is no graph over all points (it would be searched across tenants), only
// one per tenant.
func (p Plane) Shared(s SharedCollection) Collection {
	c := shaped(s.Name, s.Shape)
	c.Stamp = p.stamp(s.Name, KindShared)
	c.HNSW = HNSW{
		PayloadM:    orDefault(s.Shape.PayloadM, defaultHNSW.PayloadM),
		EfConstruct: orDefault(s.Shape.EfConstruct, defaultHNSW.EfConstruct),
	}
	c.Replicas = orDefault(c.Replicas, 1)
	c.Strict = sharedStrict
	c.Indexes = append(c.Indexes, Index{Field: TenantField, Type: typeKeyword, Tenant: true}, Index{Field: CorpusField, Type: typeKeyword})
	return c.inherited()
}

// Corpus is the collection of a Dedicated or Reference corpus.
func (p Plane) Corpus(c boundary.Corpus) Collection {
	out := shaped(c.Collection, c.Shape)
	kind := KindReference
	if c.Pattern == boundary.Dedicated {
		kind = KindDedicated
		out.Segments, out.WALMegabytes = smallSegments, smallWAL
	}
	out.HNSW, out.Strict = defaultHNSW, tokenStrict
	out.Stamp = p.stamp(c.Collection, kind)
	out.Stamp.CorpusUID, out.Stamp.TenantUID, out.Stamp.Retained = c.UID, c.TenantUID, c.Retained
	return out.inherited()
}

func shaped(name string, s boundary.Shape) Collection {
	c := Collection{Name: name, Shards: orDefault(s.ShardNumber, 1), Replicas: s.ReplicationFactor}
	c.Sparse = append([]boundary.SparseVector(nil), s.SparseVectors...)
	if s.Quantization != "None" {
		c.Quantization = s.Quantization
	}
	for _, v := range s.Vectors {
		c.Vectors = append(c.Vectors, Vector{Name: v.Name, Size: v.Size, Distance: v.Distance, OnDisk: s.OnDisk})
	}
	for _, i := range s.PayloadIndexes {
		c.Indexes = append(c.Indexes, Index{Field: i.Field, Type: i.Type})
	}
	return c
}

// inherited gives every vector the collection's graph and quantization, and orders the lists.
func (c Collection) inherited() Collection {
	for i := range c.Vectors {
		c.Vectors[i].HNSW, c.Vectors[i].Quantization = c.HNSW, c.Quantization
	}
	c.Normalise()
	return c
}

func (p Plane) shared(name string) (SharedCollection, bool) {
	for _, s := range p.Spec.Shared {
		if s.Name == name {
			return s, true
		}
	}
	return SharedCollection{}, false
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
