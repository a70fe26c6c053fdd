package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Isolation is how a corpus is kept apart from those of other tenants.
// +kubebuilder:validation:Enum=Dedicated;Shared
type Isolation string

// Isolation values.
const (
	// IsolationDedicated is a collection of its own.
	IsolationDedicated Isolation = "Dedicated"
	// IsolationShared is a part of a collection that many tenants use, reached only through the gateway.
	IsolationShared Isolation = "Shared"
)

// DeletionPolicy says what happens to data when its object is deleted.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

// DeletionPolicy values.
const (
	// DeletionRetain closes access and keeps data and claim.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete erases the data.
	DeletionDelete DeletionPolicy = "Delete"
)

// DriftPolicy says what happens when a server no longer holds what was applied.
// +kubebuilder:validation:Enum=Correct;Report
type DriftPolicy string

// DriftPolicy values.
const (
	// DriftCorrect puts it back.
	DriftCorrect DriftPolicy = "Correct"
	// DriftReport leaves it and reports it in conditions and findings.
	DriftReport DriftPolicy = "Report"
)

// Switch turns a feature on or off. It is not a boolean so that a third state can be added.
// +kubebuilder:validation:Enum=Enabled;Disabled
type Switch string

// Switch values.
const (
	Enabled  Switch = "Enabled"
	Disabled Switch = "Disabled"
)

// Distance is the metric that compares two vectors.
// +kubebuilder:validation:Enum=Cosine;Dot;Euclid;Manhattan
type Distance string

// Distance values.
const (
	DistanceCosine    Distance = "Cosine"
	DistanceDot       Distance = "Dot"
	DistanceEuclid    Distance = "Euclid"
	DistanceManhattan Distance = "Manhattan"
)

// VectorSpec declares one dense vector of a collection.
type VectorSpec struct {
	// name of the vector, at most 200 characters; "" is the unnamed default vector.
	// +required
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[!-~]*$')`,message="the name of a vector has printable ASCII characters and no spaces"
	Name string `json:"name"`
	// size is the number of dimensions, from 1 to 65535: what your embedding model makes.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Size int32 `json:"size"`
	// distance compares two vectors: Cosine, Dot, Euclid or Manhattan.
	// +required
	Distance Distance `json:"distance"`
}

// SparseModifier changes how a sparse vector is scored.
// +kubebuilder:validation:Enum=None;Idf
type SparseModifier string

// SparseModifier values.
const (
	SparseModifierNone SparseModifier = "None"
	// SparseModifierIdf weighs terms by their rarity. In a shared collection it needs Qdrant 1.19, where the statistics
	// can be limited to one tenant; older servers would tell a tenant which terms others use.
	SparseModifierIdf SparseModifier = "Idf"
)

// SparseVectorSpec declares one sparse vector of a collection.
type SparseVectorSpec struct {
	// name of the vector, from 1 to 200 characters.
	// +required
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[!-~]+$')`,message="the name of a sparse vector has printable ASCII characters and no spaces, and is not empty"
	Name string `json:"name"`
	// modifier changes the scoring: None, or Idf (terms weigh by their rarity; in a shared collection that needs Qdrant
	// 1.19). Default None. A change is made on the server in place.
	// +optional
	Modifier SparseModifier `json:"modifier,omitempty"`
}

// PayloadIndexType is the type of a payload index.
// +kubebuilder:validation:Enum=Keyword;Integer;Float;Bool;Datetime;Geo;Text;UUID
type PayloadIndexType string

// PayloadIndexType values.
const (
	PayloadIndexKeyword  PayloadIndexType = "Keyword"
	PayloadIndexInteger  PayloadIndexType = "Integer"
	PayloadIndexFloat    PayloadIndexType = "Float"
	PayloadIndexBool     PayloadIndexType = "Bool"
	PayloadIndexDatetime PayloadIndexType = "Datetime"
	PayloadIndexGeo      PayloadIndexType = "Geo"
	PayloadIndexText     PayloadIndexType = "Text"
	PayloadIndexUUID     PayloadIndexType = "UUID"
)

// PayloadIndexSpec declares an index on a payload field.
type PayloadIndexSpec struct {
	// field is the payload key; dots reach into objects and [] into arrays. tenant_id and corpus_id belong to Tenantry,
	// which indexes them itself.
	// +required
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z_][A-Za-z0-9_.\[\]-]*$')`,message="field is a payload key such as source or meta.lang: it begins with a letter or underscore and has letters, digits and _ - . [ ]"
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^(tenant_id|corpus_id)([.\[]|$)')`,message="tenant_id and corpus_id are indexed by Tenantry itself; remove them from payloadIndexes"
	Field string `json:"field"`
	// type of the values in that field: Keyword, Integer, Float, Bool, Datetime, Geo, Text or UUID. A change drops the
	// index and builds it anew.
	// +required
	Type PayloadIndexType `json:"type"`
}

// FindingKind is what sort of difference a finding is.
// +kubebuilder:validation:Enum=Missing;Changed;Unexpected;Hazard
type FindingKind string

// FindingSeverity says how bad a finding is.
// +kubebuilder:validation:Enum=Critical;Warning;Info
type FindingSeverity string

// LayerName names a layer, or Plane for what is declared on a DataPlane and stands on no server.
// +kubebuilder:validation:Enum=Vector;Rows;Cache;Budget;Plane
type LayerName string

// Finding is one difference between what should stand on a server and what does, or a hazard next to it.
// It never holds a secret, a row or a payload.
type Finding struct {
	// id is stable for as long as the finding is open.
	// +required
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id"`
	// layer the object belongs to: Vector, Rows, Cache or Budget; Plane where it is something that the DataPlane declares.
	// +required
	Layer LayerName `json:"layer"`
	// check names the rule that found it, such as rls-not-forced. It never changes and is the same on every plane. Empty
	// where the kind says it all.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Check string `json:"check,omitempty"`
	// object is the collection, table, role, user or Secret concerned.
	// +required
	// +kubebuilder:validation:MaxLength=256
	Object string `json:"object"`
	// kind: Missing (should stand and does not), Changed (stands otherwise), Unexpected (stands on a tenant's own objects
	// and should not) or Hazard (something beside them opens the boundary).
	// +required
	Kind FindingKind `json:"kind"`
	// severity: Critical (another tenant's data can be reached or written with a tenant's credential), Warning or Info.
	// +required
	Severity FindingSeverity `json:"severity"`
	// message says what is wrong and names the remedy.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message"`
	// since is when it was first seen; it stays the same while the finding is open.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// accepted is set on a hazard that the DataPlane's acceptedHazards name: it is shown, and does not count.
	// +optional
	Accepted *FindingAcceptance `json:"accepted,omitempty"`
}

// FindingAcceptance says why a hazard does not count, and until when.
type FindingAcceptance struct {
	// reason that acceptedHazards give.
	// +required
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason"`
	// expires is the day, YYYY-MM-DD in UTC, from which the hazard counts again.
	// +required
	// +kubebuilder:validation:MaxLength=10
	Expires string `json:"expires"`
}
