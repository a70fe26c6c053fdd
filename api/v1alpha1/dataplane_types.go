package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TenantIDFormat is the type of the tenant column in the application's tables.
// +kubebuilder:validation:Enum=Text;UUID;Integer
type TenantIDFormat string

// TenantIDFormat values.
const (
	TenantIDText    TenantIDFormat = "Text"
	TenantIDUUID    TenantIDFormat = "UUID"
	TenantIDInteger TenantIDFormat = "Integer"
)

// DataPlaneSpec declares the servers that hold tenants' data, each optional.
//
// What identifies the plane cannot change after creation: tenantIDFormat, keysSecretRef, the address of Qdrant, the key
// prefix, and the names and shapes of shared collections. A server can be added later, never taken away.
//
// +kubebuilder:validation:XValidation:rule="has(self.qdrant) || has(self.postgres) || has(self.redis)",message="declare at least one of qdrant, postgres and redis"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.qdrant) || has(self.qdrant)",message="qdrant cannot be removed from a DataPlane: its tenants' collections would be left unguarded; make a new DataPlane"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.postgres) || has(self.postgres)",message="postgres cannot be removed from a DataPlane: its tenants' rows would be left unguarded; make a new DataPlane"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.redis) || has(self.redis)",message="redis cannot be removed from a DataPlane: its tenants' keys would be left unguarded; make a new DataPlane"
// +kubebuilder:validation:XValidation:rule="(has(self.tenantIDFormat) ? self.tenantIDFormat : 'Text') == (has(oldSelf.tenantIDFormat) ? oldSelf.tenantIDFormat : 'Text')",message="tenantIDFormat is immutable: tenant ids are stored in this type"
// +kubebuilder:validation:XValidation:rule="self.keysSecretRef == oldSelf.keysSecretRef",message="keysSecretRef is immutable: ids in shared collections and role names are derived from these keys"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.qdrant) || !has(self.qdrant) || self.qdrant.address == oldSelf.qdrant.address",message="qdrant.address is immutable: another address is another server; make a new DataPlane"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.redis) || !has(self.redis) || self.redis.keyPrefix == oldSelf.redis.keyPrefix",message="redis.keyPrefix is immutable: existing keys would be cut off"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.redis) || !has(self.redis) || (has(self.redis.discovery) ? self.redis.discovery : 'Static') == (has(oldSelf.redis.discovery) ? oldSelf.redis.discovery : 'Static')",message="redis.discovery is immutable: the same nodes would mean other servers; make a new DataPlane"
// +kubebuilder:validation:XValidation:rule="has(self.oidc) || !has(self.applications) || self.applications.all(a, a.tenantFrom != 'EndUserToken')",message="an application with tenantFrom EndUserToken needs oidc: without it nobody could verify the token"
// +kubebuilder:validation:XValidation:rule="!has(self.routing) || (has(self.models) && self.routing.all(r, self.models.exists(m, m.name == r.model)))",message="every routing.model must be one of models: a model without a price cannot be charged"
// +kubebuilder:validation:XValidation:rule="!has(self.budgets) || has(self.postgres)",message="budgets needs postgres: the ledger of AI spend stands there"
type DataPlaneSpec struct {
	// tenantIDFormat is the type of your tenant column: Text, UUID or Integer. Every tenantID of the plane must parse as
	// it. Default Text. Immutable.
	// +optional
	TenantIDFormat TenantIDFormat `json:"tenantIDFormat,omitempty"`

	// keysSecretRef names the Secret with the plane's keys (point id mapping, role names, token signing). It is made when
	// the plane is first claimed, if absent, and never remade: its fingerprint stands in every server of the plane. Back
	// it up: without it, points of shared collections cannot be found under their ids again. Immutable.
	// +required
	KeysSecretRef LocalSecretReference `json:"keysSecretRef"`

	// qdrant is the vector store. Unset: the plane has no Vector layer, and a Corpus cannot be placed on it. It can be
	// added later, not removed.
	// +optional
	Qdrant *QdrantSpec `json:"qdrant,omitempty"`

	// postgres is the database. Unset: the plane has no Rows layer. It can be added later, not removed.
	// +optional
	Postgres *PostgresSpec `json:"postgres,omitempty"`

	// redis is the cache, a Redis or a Valkey. Unset: the plane has no Cache layer. It can be added later, not removed.
	// +optional
	Redis *RedisSpec `json:"redis,omitempty"`

	// gateway is where tenants of shared collections reach their vectors. Unset: they get no gateway Secret. A change
	// rewrites those Secrets.
	// +optional
	Gateway *GatewaySpec `json:"gateway,omitempty"`

	// applications are the shared applications that may act for every tenant of this plane at the gateway. Unset: none.
	// Taking one out ends its rights at once.
	// +optional
	// +listType=map
	// +listMapKey=namespace
	// +listMapKey=serviceAccount
	// +kubebuilder:validation:MaxItems=64
	Applications []ApplicationSpec `json:"applications,omitempty"`

	// oidc says how to verify the end-user tokens that applications with tenantFrom EndUserToken pass on. Unset: no such
	// application can be declared.
	// +optional
	OIDC *OIDCSpec `json:"oidc,omitempty"`

	// trustedNamespaces are where AIBudgets and reference Corpora count, beside the operator's own namespace. Unset: only
	// there. What stands in a namespace that is taken out becomes Stalled with reason NamespaceNotAllowed; nothing is deleted.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="not the name of a namespace: lower-case letters, digits and hyphens, no wildcards"
	TrustedNamespaces []string `json:"trustedNamespaces,omitempty"`

	// models are the prices that AI spend is charged at, in US dollars. Unset: spend in USD cannot be counted. A change
	// applies to calls reserved from then on; what was charged stays as it was.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Models []ModelPrice `json:"models,omitempty"`

	// routing says which of models serves a tier and complexity. Unset: callers choose the model themselves.
	// +optional
	// +listType=map
	// +listMapKey=tier
	// +listMapKey=complexity
	// +kubebuilder:validation:MaxItems=9
	Routing []ModelRoute `json:"routing,omitempty"`

	// budgets say how the ledger of AI spend behaves. Unset: the defaults of its fields. It needs postgres.
	// +optional
	Budgets *BudgetSettings `json:"budgets,omitempty"`

	// audit paces the reading of the servers. Unset: every 15 seconds.
	// +optional
	Audit *AuditSpec `json:"audit,omitempty"`

	// drift says what happens when a server no longer holds what was applied: Correct puts it back, Report leaves it and
	// says so in conditions and findings. Default Correct. A Tenant can override it for its own objects.
	// +optional
	Drift DriftPolicy `json:"drift,omitempty"`

	// acceptedHazards are hazards that somebody decided to live with: still listed among the findings, but not counted
	// against Isolated until they expire. Differences that Tenantry mends cannot be accepted. Unset: every hazard counts.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +listMapKey=object
	// +kubebuilder:validation:MaxItems=64
	AcceptedHazards []AcceptedHazard `json:"acceptedHazards,omitempty"`
}

// AuditSpec paces the audit.
type AuditSpec struct {
	// intervalSeconds between two snapshots of a server, from 1 to 3600. Default 15. A change made by hand on a server is
	// found within two intervals; a shorter one costs a constant number of queries more, however many tenants there are.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	IntervalSeconds int32 `json:"intervalSeconds,omitempty"`
}

// AcceptedHazard is a finding that somebody decided to live with.
type AcceptedHazard struct {
	// id of the hazard, or its check, as the finding shows them. The id is one finding of one plane and tenant; the check is
	// the same everywhere.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id"`
	// object it concerns, as the finding shows it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Object string `json:"object"`
	// severity is the worst that is accepted. Default Warning: a hazard that is Critical, or becomes it, counts unless this says
	// Critical.
	// +optional
	Severity FindingSeverity `json:"severity,omitempty"`
	// reason why it is acceptable, for whoever reads the finding later.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason"`
	// expires is the day, YYYY-MM-DD in UTC, from which it counts again. Move it to accept the hazard for longer.
	// +required
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:Format=date
	Expires string `json:"expires"`
}

// DataPlane is a Qdrant, a PostgreSQL and a Redis (each optional) that hold the data of many tenants.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=dp,categories=tenantry
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Tenants",type=integer,JSONPath=`.status.tenants`
// +kubebuilder:printcolumn:name="Findings",type=integer,JSONPath=`.status.findingsTotal`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Enforcing",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Enforcing")].reason`
// +kubebuilder:printcolumn:name="Accepted",type=integer,priority=1,JSONPath=`.status.findingsAccepted`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="the name of a DataPlane has at most 63 characters: it is used as a label value"
type DataPlane struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state.
	// +required
	Spec DataPlaneSpec `json:"spec"`
	// status is the observed state.
	// +optional
	Status DataPlaneStatus `json:"status,omitempty"`
}

// DataPlaneList is a list of DataPlanes.
//
// +kubebuilder:object:root=true
type DataPlaneList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []DataPlane `json:"items"`
}

// GetConditions returns the conditions, for helpers that work on every kind.
func (d *DataPlane) GetConditions() []metav1.Condition { return d.Status.Conditions }

// SetConditions replaces the conditions.
func (d *DataPlane) SetConditions(c []metav1.Condition) { d.Status.Conditions = c }
