// Package boundary is the pure middle of Tenantry: what isolates a tenant, and what must change where it does not.
//
// The subpackages rows (PostgreSQL), cache (Redis) and vector (Qdrant) each turn desired state and a snapshot of what the
// server holds into a Diff. Nothing here talks to a server; packages under internal/plane read snapshots and apply plans.
package boundary

// Layer is one kind of store that holds tenants' data.
type Layer string

// The layers.
const (
	Vector Layer = "Vector"
	Rows   Layer = "Rows"
	Cache  Layer = "Cache"
	Budget Layer = "Budget"
	// PlaneItself is no store: findings about what a DataPlane declares have it for a layer.
	PlaneItself Layer = "Plane"
)

// Kind is what sort of difference a finding or change is about.
type Kind string

// The kinds.
const (
	// Missing: a desired object does not stand.
	Missing Kind = "Missing"
	// Changed: it stands, but not as desired.
	Changed Kind = "Changed"
	// Unexpected: something stands on a tenant's own objects that Tenantry did not put there.
	Unexpected Kind = "Unexpected"
	// Hazard: something outside a tenant's own objects opens its boundary. Tenantry reports it and mends nothing.
	Hazard Kind = "Hazard"
)

// Severity says how bad a finding is.
type Severity string

// The severities.
const (
	// Critical: another tenant's data can be reached or written with a tenant's credential.
	Critical Severity = "Critical"
	// Warning: the boundary is weaker than declared, or only an application role can cross it.
	Warning Severity = "Warning"
	// Info: worth knowing.
	Info Severity = "Info"
)

// Access is whether anybody may come in as a tenant.
type Access string

// The states of access.
const (
	// Open: credentials that were handed in stand on the server and work.
	Open Access = "Open"
	// Suspended: credentials and sessions dead, data and claim kept.
	Suspended Access = "Suspended"
	// Retained: the Tenant is gone; as Suspended, its objects that hold no data removed, its claim turned into a tombstone.
	Retained Access = "Retained"
)

// Tenant is the desired state of one tenant, common to the layers.
type Tenant struct {
	// ID is the tenantID stored with every row, key and point: [a-z0-9-], at most 36.
	ID string
	// UID of the Tenant resource. The claim on ID is made in its name.
	UID string
	// Name of the Tenant resource, for messages.
	Name string
	// Access: Open, Suspended or Retained.
	Access Access
	// Login gives the tenant a PostgreSQL login role of its own.
	Login bool
	// Credentials that were issued or are about to be, by layer. A layer without one is built closed: its role cannot log
	// in, its ACL user is off, it has no token.
	Credentials map[Layer]Credential
	// Corpora of this tenant that were accepted and placed.
	Corpora []Corpus
	// References are the collections of reference corpora that this tenant may read.
	References []string
}

// Credential is what a workload presents to one server.
type Credential struct {
	// Username at the server; "" where tokens are used.
	Username string
	// Secret is the password, or the token.
	Secret Secret
	// TokenID identifies the token in the server's grant records; "" for passwords.
	TokenID string
}

// Pattern is where a corpus stands.
type Pattern string

// The patterns.
const (
	Dedicated Pattern = "Dedicated"
	Shared    Pattern = "Shared"
	Reference Pattern = "Reference"
)

// Corpus is the desired state of one corpus.
type Corpus struct {
	// Name as its users see it, unique per tenant.
	Name string
	// UID of the Corpus resource. The claim on the collection is made in its name.
	UID string
	// TenantID it belongs to; "" for a reference corpus.
	TenantID string
	// TenantUID is the UID of that Tenant.
	TenantUID string
	// Jurisdiction of a reference corpus.
	Jurisdiction string
	// Pattern: Dedicated, Shared or Reference.
	Pattern Pattern
	// Collection on the server.
	Collection string
	// Shape of a Dedicated or Reference collection; that of a shared one is the plane's.
	Shape Shape
	// Retained: the Corpus is gone; the collection and its data stay, claimed by a tombstone.
	Retained bool
}

// Shape is what a collection looks like.
type Shape struct {
	Vectors           []DenseVector
	SparseVectors     []SparseVector
	PayloadIndexes    []PayloadIndex
	ShardNumber       uint32 // 0 = 1
	ReplicationFactor uint32 // 0 = 1
	Quantization      string // "", None, Scalar, Binary
	OnDisk            bool
	PayloadM          uint64 // 0 = 16
	EfConstruct       uint64 // 0 = 100
}

// DenseVector is one dense vector of a collection.
type DenseVector struct {
	Name     string // "" is the default vector
	Size     uint64
	Distance string // Cosine, Dot, Euclid, Manhattan
}

// SparseVector is one sparse vector of a collection.
type SparseVector struct {
	Name string
	IDF  bool
}

// PayloadIndex is one payload index of a collection.
type PayloadIndex struct {
	Field string
	Type  string // Keyword, Integer, Float, Bool, Datetime, Geo, Text, UUID
}
