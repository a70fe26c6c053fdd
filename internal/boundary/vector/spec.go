// Package vector is the pure part of the Vector layer: which collections, indexes, claims and token grants isolate tenants
// in Qdrant, and what must change where they do not.
//
// A Dedicated corpus is a collection of its own, opened with a token that names this tenant's collections only. A Shared
// corpus is part of a collection that many tenants use; a token for it could read everybody's files, so none is ever made.
// A Reference corpus is one collection that tenants may read.
package vector

import (
	"github.com/tenantry/tenantry/internal/boundary"
)

// Spec is what a plane declares for its Qdrant.
type Spec struct {
	// Plane is the name of the DataPlane.
	Plane string
	// Shared are the collections that many tenants use.
	Shared []SharedCollection
	// MaxDedicated bounds the collections of pattern 1; 0 = no bound.
	MaxDedicated int
}

// SharedCollection is one collection that many tenants use.
type SharedCollection struct {
	// Name on the server.
	Name string
	// Shape that the platform declared.
	Shape boundary.Shape
}

// Plane judges what one Qdrant holds.
type Plane struct {
	// Spec of the plane.
	Spec Spec
	// Marker of this installation; its Plane and Installation stand in everything that is made.
	Marker boundary.Marker
}

// Problem is why a part of what is asked for cannot be had. Reason is one of the API's reasons.
type Problem struct {
	Reason  string
	Message string
}

// The reasons of problems.
const (
	ReasonUnsupportedServer = "UnsupportedServer"
	ReasonQuotaExceeded     = "QuotaExceeded"
	ReasonShapeMismatch     = "ShapeMismatch"
	ReasonInvalidSpec       = "InvalidSpec"
	ReasonApplyFailed       = "ApplyFailed"
	ReasonTenantNotReady    = "TenantNotReady"

	ReasonSharedCollectionNotFound = "SharedCollectionNotFound"
)

// The checks of hazards in this layer.
const (
	// CheckOpenServer: the server answers callers without a credential.
	CheckOpenServer = "server-without-authentication"
	// CheckShortKey: the API key is short enough to be guessed from a token.
	CheckShortKey = "short-api-key"
	// CheckShapeMismatch: a collection of ours has other vectors than declared.
	CheckShapeMismatch = "shape-mismatch"
	// CheckQuota: a dedicated collection is missing because the bound is reached.
	CheckQuota = "dedicated-collections-exhausted"
	// CheckIDF: an idf vector in a shared collection on a server that cannot scope its statistics.
	CheckIDF = "idf-not-scoped"
	// CheckTokenOutdated: the token in hand does not open what it should, and was not granted.
	CheckTokenOutdated = "token-outdated"
	// CheckSharedCollection: a shared collection that holds a corpus is not as declared.
	CheckSharedCollection = "shared-collection"
	// CheckOrphanCollection: a collection with a name that is kept for tenants belongs to none.
	CheckOrphanCollection = "orphan-collection"
	// CheckUnmarkedPoints: points of a shared collection do not say whose they are.
	CheckUnmarkedPoints = "points-without-tenant"
	// CheckDoubledPoints: points of a shared collection belong to several tenants at once.
	CheckDoubledPoints = "points-of-several-tenants"
	// CheckStrangerPoints: points of a shared collection carry a tenantID that nobody claims.
	CheckStrangerPoints = "points-of-unclaimed-tenant"
	// CheckPlainText: the server also answers without TLS, which the DataPlane asks for.
	CheckPlainText = "plain-text-api"
	// CheckSnapshots: snapshots were left behind.
	CheckSnapshots = "snapshots-left-behind"
	// CheckSnapshotsUnread: nobody can tell whether there are any.
	CheckSnapshotsUnread = "snapshots-unread"
	// CheckAlias: an alias leads into a collection of the plane, or has a name that is kept for one.
	CheckAlias = "alias"
)

// MinKeyLength of an API key. Every token is signed with it, so whoever holds a token can try keys at home: a short key, or
// one that somebody thought up, would not stand that. openssl rand -hex 32 makes a good one.
const MinKeyLength = 24

// The fields of every point in a shared collection.
const (
	// TenantField holds the tenantID.
	TenantField = "tenant_id"
	// CorpusField holds the UID of the Corpus resource: unlike its name it is never used twice.
	CorpusField = "corpus_id"
)
