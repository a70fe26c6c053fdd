package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CorpusSpec declares one collection of vectors as its users see it.
//
// Exactly one of tenant and reference is set. A tenant's corpus is Dedicated (vectors) or Shared (sharedCollection).
// What it belongs to, where it stands and its vectors cannot change.
//
// +kubebuilder:validation:XValidation:rule="has(self.tenant) != has(self.reference)",message="set exactly one of tenant and reference"
// +kubebuilder:validation:XValidation:rule="has(self.vectors) != has(self.sharedCollection)",message="set exactly one of vectors (a collection of its own, or a reference) and sharedCollection"
// +kubebuilder:validation:XValidation:rule="!has(self.reference) || (has(self.vectors) && !has(self.isolation))",message="a reference corpus declares vectors and neither isolation nor sharedCollection"
// +kubebuilder:validation:XValidation:rule="!has(self.isolation) || self.isolation != 'Shared' || has(self.sharedCollection)",message="isolation Shared needs sharedCollection"
// +kubebuilder:validation:XValidation:rule="!has(self.isolation) || self.isolation != 'Dedicated' || has(self.vectors)",message="isolation Dedicated needs vectors and no sharedCollection"
// +kubebuilder:validation:XValidation:rule="!has(self.sharedCollection) || !has(self.payloadIndexes)",message="payloadIndexes of a shared collection are declared on the DataPlane"
// +kubebuilder:validation:XValidation:rule="!has(self.sharedCollection) || !has(self.sparseVectors)",message="sparseVectors of a shared collection are declared on the DataPlane"
// +kubebuilder:validation:XValidation:rule="has(self.tenant) == has(oldSelf.tenant) && (!has(self.tenant) || self.tenant == oldSelf.tenant)",message="tenant is immutable: its points are stored as that tenant's; make a new Corpus"
// +kubebuilder:validation:XValidation:rule="has(self.reference) == has(oldSelf.reference) && (!has(self.reference) || (self.reference.dataPlane == oldSelf.reference.dataPlane && self.reference.jurisdiction == oldSelf.reference.jurisdiction))",message="reference, its dataPlane and its jurisdiction are immutable; make a new Corpus"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.isolation) || (has(self.isolation) && self.isolation == oldSelf.isolation)",message="isolation is immutable: placement is decided once; make a new Corpus"
// +kubebuilder:validation:XValidation:rule="has(self.sharedCollection) == has(oldSelf.sharedCollection) && (!has(self.sharedCollection) || self.sharedCollection == oldSelf.sharedCollection)",message="sharedCollection is immutable: placement is decided once; make a new Corpus"
// +kubebuilder:validation:XValidation:rule="has(self.vectors) == has(oldSelf.vectors) && (!has(self.vectors) || self.vectors == oldSelf.vectors)",message="vectors are immutable: Qdrant cannot change them without a new collection; make a new Corpus"
// +kubebuilder:validation:XValidation:rule="has(self.sparseVectors) == has(oldSelf.sparseVectors) && (!has(self.sparseVectors) || (size(self.sparseVectors) == size(oldSelf.sparseVectors) && self.sparseVectors.all(s, oldSelf.sparseVectors.exists(o, o.name == s.name))))",message="the names in sparseVectors are immutable: Qdrant cannot change them without a new collection; make a new Corpus"
// +kubebuilder:validation:XValidation:rule="!has(self.vectors) || !has(self.sparseVectors) || self.sparseVectors.all(s, !self.vectors.exists(v, v.name == s.name))",message="a name cannot be both in vectors and sparseVectors"
type CorpusSpec struct {
	// tenant whose corpus this is: the name of a Tenant that lists this namespace. Exactly one of tenant and reference is
	// set. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Tenant string `json:"tenant,omitempty"`
	// reference makes this a corpus that every tenant of a jurisdiction can read and none can write. It counts only in a
	// namespace that the DataPlane trusts. Exactly one of tenant and reference is set. Immutable.
	// +optional
	Reference *ReferenceSpec `json:"reference,omitempty"`
	// isolation: Dedicated (a collection of its own) or Shared (a part of sharedCollection). Default: the Tenant's at the
	// time of creation, with which vectors or sharedCollection must agree. Immutable: placement is decided once.
	// +optional
	Isolation Isolation `json:"isolation,omitempty"`
	// sharedCollection of the DataPlane that holds the points. Goes with isolation Shared. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	SharedCollection string `json:"sharedCollection,omitempty"`
	// vectors of every point. Goes with isolation Dedicated and with reference. Immutable.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Vectors []VectorSpec `json:"vectors,omitempty"`
	// sparseVectors of every point. Default none. Goes with vectors. Their names are immutable.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	SparseVectors []SparseVectorSpec `json:"sparseVectors,omitempty"`
	// payloadIndexes of the collection. Default none. Goes with vectors. One that is added is built on the server, one
	// that is taken out is dropped.
	// +optional
	// +listType=map
	// +listMapKey=field
	// +kubebuilder:validation:MaxItems=32
	PayloadIndexes []PayloadIndexSpec `json:"payloadIndexes,omitempty"`
	// deletionPolicy says what happens to the points when this Corpus is deleted: Retain keeps them and the claim on the
	// name; Delete erases them, which this version does not do: it closes access and stays, Stalled with reason
	// NotSupported, until the policy is Retain. Default Retain.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// ReferenceSpec makes a corpus readable for every tenant of a jurisdiction.
type ReferenceSpec struct {
	// dataPlane that holds it. Immutable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	DataPlane string `json:"dataPlane"`
	// jurisdiction whose tenants may read it: lower-case letters, digits and hyphens, at most 40. Immutable.
	// +required
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')`,message="a jurisdiction has lower-case letters, digits and hyphens, and begins and ends with a letter or digit, such as eu-gdpr"
	Jurisdiction string `json:"jurisdiction"`
	// loaderSecretName is the Secret in this namespace that gets the only credential that can write to it. Unset: nobody
	// gets one. A change moves the credential; the old Secret is removed.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="not the name of a Secret: lower-case letters, digits, hyphens and dots"
	LoaderSecretName string `json:"loaderSecretName,omitempty"`
}

// Pattern is where a corpus was placed.
// +kubebuilder:validation:Enum=Dedicated;Shared;Reference
type Pattern string

// Pattern values.
const (
	PatternDedicated Pattern = "Dedicated"
	PatternShared    Pattern = "Shared"
	PatternReference Pattern = "Reference"
)

// Placement is where the points are. It is decided once and then kept.
type Placement struct {
	// pattern: Dedicated, Shared or Reference.
	// +required
	Pattern Pattern `json:"pattern"`
	// collection on the server.
	// +required
	// +kubebuilder:validation:MaxLength=255
	Collection string `json:"collection"`
}

// CorpusStatus is what was found.
type CorpusStatus struct {
	// conditions: Ready, CollectionReady, Isolated; Reconciling and Stalled while True.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// lastHandledReconcileAt repeats the token of the annotation tenantry.dev/reconcile-at once it was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
	// placement of the points. Decided once and then kept, whatever becomes of the Tenant's default.
	// +optional
	Placement *Placement `json:"placement,omitempty"`
	// loaderSecretName is the Secret that holds the loader's credential, so that it can be removed when the spec moves on.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	LoaderSecretName string `json:"loaderSecretName,omitempty"`
	// points that this corpus holds, updated when it moves by a whole percent, at most once a minute.
	// +optional
	Points *int64 `json:"points,omitempty"`
}

// Corpus is one collection of vectors as its users see it: a tenant's own, a tenant's part of a shared one, or a reference.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=tenantry
// +kubebuilder:selectablefield:JSONPath=`.spec.tenant`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Pattern",type=string,JSONPath=`.status.placement.pattern`
// +kubebuilder:printcolumn:name="Tenant",type=string,JSONPath=`.spec.tenant`
// +kubebuilder:printcolumn:name="Points",type=integer,JSONPath=`.status.points`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Collection",type=string,priority=1,JSONPath=`.status.placement.collection`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="the name of a Corpus has lower-case letters, digits and hyphens, at most 63: it becomes part of a collection name"
type Corpus struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state.
	// +required
	Spec CorpusSpec `json:"spec"`
	// status is the observed state.
	// +optional
	Status CorpusStatus `json:"status,omitempty"`
}

// CorpusList is a list of Corpora.
//
// +kubebuilder:object:root=true
type CorpusList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Corpus `json:"items"`
}

// GetConditions returns the conditions, for helpers that work on every kind.
func (c *Corpus) GetConditions() []metav1.Condition { return c.Status.Conditions }

// SetConditions replaces the conditions.
func (c *Corpus) SetConditions(conds []metav1.Condition) { c.Status.Conditions = conds }

// CredentialLabels are put on the Secret of the loader.
func (c *Corpus) CredentialLabels() map[string]string {
	return map[string]string{ManagedByLabel: ManagedByValue}
}
