package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TenantAccess says whether a tenant may come in.
// +kubebuilder:validation:Enum=Active;Suspended
type TenantAccess string

// TenantAccess values.
const (
	AccessActive TenantAccess = "Active"
	// AccessSuspended: credentials and sessions dead, data kept.
	AccessSuspended TenantAccess = "Suspended"
)

// TenantMode says whether changes are made or only shown.
// +kubebuilder:validation:Enum=Enforce;Plan
type TenantMode string

// TenantMode values.
const (
	ModeEnforce TenantMode = "Enforce"
	// ModePlan shows what would be done and does nothing.
	ModePlan TenantMode = "Plan"
)

// TenantSpec declares one tenant of an AI product.
//
// +kubebuilder:validation:XValidation:rule="self.dataPlane == oldSelf.dataPlane",message="dataPlane is immutable: data does not move by itself; make a new Tenant"
// +kubebuilder:validation:XValidation:rule="!has(self.credentials) || (has(self.namespaces) && self.credentials.namespace in self.namespaces)",message="credentials.namespace must be one of namespaces"
type TenantSpec struct {
	// dataPlane that holds this tenant's data: the name of a DataPlane. Immutable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	DataPlane string `json:"dataPlane"`
	// tenantID is stored with every row, key and point. Lower-case letters, digits and hyphens, at most 36; it must parse
	// as the plane's tenantIDFormat. Default metadata.name. Unique in the cluster, never recycled. Immutable.
	// +optional
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')`,message="tenantID has lower-case letters, digits and hyphens, and begins and ends with a letter or digit: it becomes part of keys, collections and user names"
	TenantID string `json:"tenantID,omitempty"`
	// isolation is the default for corpora made from now on: Dedicated or Shared. Default Dedicated. A change leaves
	// existing corpora where they are.
	// +optional
	Isolation Isolation `json:"isolation,omitempty"`
	// jurisdictions whose reference corpora it may read. Default none. One that is taken out is no longer readable: the
	// tenant's token is replaced.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=40
	// +kubebuilder:validation:items:XValidation:rule=`self.matches(r'^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')`,message="a jurisdiction has lower-case letters, digits and hyphens, and begins and ends with a letter or digit, such as eu-gdpr"
	Jurisdictions []string `json:"jurisdictions,omitempty"`
	// namespaces whose Corpora may name this tenant; credentials go to one of them. Default none. Corpora in a namespace
	// that is taken out become Stalled with reason NamespaceNotAllowed; their data stays.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="not the name of a namespace: lower-case letters, digits and hyphens, no wildcards"
	Namespaces []string `json:"namespaces,omitempty"`
	// serviceAccounts are workloads that are this tenant at the gateway. Default none. One counts if its namespace is among
	// namespaces and it is no application of the DataPlane, and from when the tenant's boundary was verified first; one that
	// two such Tenants list is neither's. One that is taken out is refused at once.
	// +optional
	// +listType=map
	// +listMapKey=namespace
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	ServiceAccounts []ServiceAccountReference `json:"serviceAccounts,omitempty"`
	// maxCorpora bounds the Corpora of this tenant, from 1 to 1000. Default 5. Lowering it keeps the corpora that stand and
	// refuses new ones.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MaxCorpora int32 `json:"maxCorpora,omitempty"`
	// postgres says how this tenant reaches its rows. Unset: as {login: Enabled}.
	// +optional
	Postgres *TenantPostgresSpec `json:"postgres,omitempty"`
	// credentials says where connection Secrets go. Unset: the tenant is served by shared applications only and gets none;
	// taking it out revokes and removes those that were issued.
	// +optional
	Credentials *CredentialsSpec `json:"credentials,omitempty"`
	// access: Active, or Suspended, which makes credentials and sessions dead and keeps data. Default Active. Back to Active
	// opens the same credentials again.
	// +optional
	Access TenantAccess `json:"access,omitempty"`
	// mode: Enforce, or Plan, which shows in status what would be done and does nothing; the tenant is then not Ready.
	// Default Enforce.
	// +optional
	Mode TenantMode `json:"mode,omitempty"`
	// drift says what happens when a server no longer holds what was applied for this tenant: Correct or Report. Default
	// the plane's.
	// +optional
	Drift DriftPolicy `json:"drift,omitempty"`
	// deletionPolicy says what happens to the data when this Tenant is deleted: Retain closes access and keeps data and
	// claim; Delete erases the data, which this version does not do: it closes access and stays, Stalled with reason
	// NotSupported, until the policy is Retain. Default Retain.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// ServiceAccountReference names a ServiceAccount.
type ServiceAccountReference struct {
	// namespace of the ServiceAccount.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="not the name of a namespace: lower-case letters, digits and hyphens, no wildcards"
	Namespace string `json:"namespace"`
	// name of the ServiceAccount.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="not the name of a ServiceAccount: lower-case letters, digits, hyphens and dots, no wildcards"
	Name string `json:"name"`
}

// TenantPostgresSpec says how a tenant reaches its rows.
type TenantPostgresSpec struct {
	// login: Enabled gives the tenant a login role of its own, beside access through the plane's appRoles. Default Enabled.
	// Disabled ends the role's sessions and takes its login and its Secret away.
	// +optional
	Login Switch `json:"login,omitempty"`
}

// CredentialsSpec says where connection Secrets go.
// +kubebuilder:validation:XValidation:rule="!has(self.rotateAfterSeconds) || self.rotateAfterSeconds > (has(self.graceSeconds) ? self.graceSeconds : 3600)",message="rotateAfterSeconds must be more than graceSeconds (3600 where it is not set): an old credential must be dead before the next one is due"
type CredentialsSpec struct {
	// namespace of the Secrets; one of the Tenant's namespaces. A change issues them there and removes the old ones.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="not the name of a namespace: lower-case letters, digits and hyphens, no wildcards"
	Namespace string `json:"namespace"`
	// namePrefix of the Secrets, which are <namePrefix>-postgres, -redis, -qdrant and -gateway. Default metadata.name. A
	// change issues them under the new names and removes the old ones.
	// +optional
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="namePrefix begins the name of a Secret: lower-case letters, digits, hyphens and dots"
	NamePrefix string `json:"namePrefix,omitempty"`
	// rotateAfterSeconds replaces credentials that old, from 3600 (an hour) to 63072000 (two years). Unset: never. This
	// version does not rotate and refuses the field with reason NotSupported.
	// +optional
	// +kubebuilder:validation:Minimum=3600
	// +kubebuilder:validation:Maximum=63072000
	RotateAfterSeconds int32 `json:"rotateAfterSeconds,omitempty"`
	// graceSeconds for which the old credential still works after a rotation, from 0 to 604800 (a week). Default 3600.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	GraceSeconds *int32 `json:"graceSeconds,omitempty"`
}

// Tenant is one tenant of an AI product and its boundary in every layer of a DataPlane.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=tn,categories=tenantry
// +kubebuilder:selectablefield:JSONPath=`.spec.dataPlane`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Isolated",type=string,JSONPath=`.status.conditions[?(@.type=="Isolated")].status`
// +kubebuilder:printcolumn:name="Findings",type=integer,JSONPath=`.status.findingsTotal`
// +kubebuilder:printcolumn:name="Budget %",type=integer,JSONPath=`.status.budgetPercent`
// +kubebuilder:printcolumn:name="Plane",type=string,JSONPath=`.spec.dataPlane`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Tenant ID",type=string,priority=1,JSONPath=`.status.tenantID`
// +kubebuilder:printcolumn:name="Corpora",type=integer,priority=1,JSONPath=`.status.corpora`
// +kubebuilder:printcolumn:name="Enforcing",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Enforcing")].reason`
// +kubebuilder:printcolumn:name="Accepted",type=integer,priority=1,JSONPath=`.status.findingsAccepted`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="the name of a Tenant has at most 63 characters: it is used as a label value"
// +kubebuilder:validation:XValidation:rule="has(self.spec.tenantID) || (size(self.metadata.name) <= 36 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'))",message="metadata.name cannot serve as tenantID (lower-case letters, digits and hyphens, at most 36): set spec.tenantID"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.tenantID) ? self.spec.tenantID : self.metadata.name) == (has(oldSelf.spec.tenantID) ? oldSelf.spec.tenantID : oldSelf.metadata.name)",message="tenantID is immutable: data is stored under it",fieldPath=".spec.tenantID"
type Tenant struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state.
	// +required
	Spec TenantSpec `json:"spec"`
	// status is the observed state.
	// +optional
	Status TenantStatus `json:"status,omitempty"`
}

// TenantList is a list of Tenants.
//
// +kubebuilder:object:root=true
type TenantList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Tenant `json:"items"`
}

// EffectiveTenantID is spec.tenantID, or metadata.name where that is unset.
func (t *Tenant) EffectiveTenantID() string {
	if t.Spec.TenantID != "" {
		return t.Spec.TenantID
	}
	return t.Name
}

// EffectiveDrift is spec.drift, or that of the Tenant's DataPlane where it is unset. It may be called on nil, for what belongs to
// no Tenant.
func (t *Tenant) EffectiveDrift(dp *DataPlane) DriftPolicy {
	if t != nil && t.Spec.Drift != "" {
		return t.Spec.Drift
	}
	return dp.Spec.Drift
}

// GetConditions returns the conditions, for helpers that work on every kind.
func (t *Tenant) GetConditions() []metav1.Condition { return t.Status.Conditions }

// SetConditions replaces the conditions.
func (t *Tenant) SetConditions(c []metav1.Condition) { t.Status.Conditions = c }

// CredentialLabels are put on the Secrets that are made for the Tenant.
func (t *Tenant) CredentialLabels() map[string]string {
	return map[string]string{ManagedByLabel: ManagedByValue, TenantLabel: t.Name}
}
