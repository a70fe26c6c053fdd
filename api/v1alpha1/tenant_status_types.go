package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// LayerState is how a layer of a Tenant stands.
// +kubebuilder:validation:Enum=Isolated;NotIsolated;Unknown
type LayerState string

// LayerState values.
const (
	LayerIsolated    LayerState = "Isolated"
	LayerNotIsolated LayerState = "NotIsolated"
	LayerUnknown     LayerState = "Unknown"
)

// TenantLayerStatus is how one layer stands.
type TenantLayerStatus struct {
	// name of the layer: Vector, Rows or Cache.
	// +required
	Name LayerName `json:"name"`
	// status: Isolated, NotIsolated or Unknown.
	// +required
	Status LayerState `json:"status"`
	// objects is how many boundary objects of this tenant stand there.
	// +optional
	Objects int32 `json:"objects,omitempty"`
}

// CredentialStatus is one issued Secret.
type CredentialStatus struct {
	// layer it opens.
	// +required
	Layer LayerName `json:"layer"`
	// secretName in the namespace that spec.credentials names.
	// +required
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName"`
	// rotatesAt is when it will be replaced. Unset: never.
	// +optional
	RotatesAt *metav1.Time `json:"rotatesAt,omitempty"`
}

// ProbeEvidence is one live attempt.
type ProbeEvidence struct {
	// layer that was tried.
	// +required
	Layer LayerName `json:"layer"`
	// attempt in a few words.
	// +required
	// +kubebuilder:validation:MaxLength=256
	Attempt string `json:"attempt"`
	// result: Passed, Failed or Void (it proves nothing: its positive control failed, or the server could not be asked).
	// +required
	// +kubebuilder:validation:Enum=Passed;Failed;Void
	Result string `json:"result"`
	// answer says where and why it failed or is void, cut to 256 characters; never a key, a row or a secret.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Answer string `json:"answer,omitempty"`
}

// ProbeStatus is the outcome of the live probes.
type ProbeStatus struct {
	// passed is how many attempts went as they should: the tenant reached its own, or was refused what is not.
	// +optional
	Passed int32 `json:"passed"`
	// failed is how many attempts got through a boundary. Each is a finding probe-crossed.
	// +optional
	Failed int32 `json:"failed"`
	// void is how many attempts proved nothing: their positive control failed, or the server could not be asked.
	// +optional
	Void int32 `json:"void"`
	// since is when this outcome was first seen. Rounds that find the same do not move it; when a plane was last probed is in
	// the DataPlane's status.lastProbeTime.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// evidence of the last round, failures first, then what is void, at most 20.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Evidence []ProbeEvidence `json:"evidence,omitempty"`
}

// TenantStatus is what was found.
type TenantStatus struct {
	// conditions: Ready, Isolated, VectorIsolated, RowsIsolated, CacheIsolated, CredentialsIssued, Enforcing; Reconciling and
	// Stalled while True.
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
	// tenantID in effect.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	TenantID string `json:"tenantID,omitempty"`
	// appliedHash is a digest of the desired state that was last put in place. It tells drift from a change of spec.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	AppliedHash string `json:"appliedHash,omitempty"`
	// layers of the plane that this tenant uses.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Layers []TenantLayerStatus `json:"layers,omitempty"`
	// findings that are open, worst first, at most 20. Accepted hazards come last.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=20
	Findings []Finding `json:"findings,omitempty"`
	// findingsTotal counts all of them, listed or not, but for accepted hazards.
	// +optional
	FindingsTotal *int32 `json:"findingsTotal,omitempty"`
	// findingsAccepted counts this tenant's hazards that the DataPlane accepts. Unset: none.
	// +optional
	FindingsAccepted int32 `json:"findingsAccepted,omitempty"`
	// plan is what would be done and is not, one line a change, at most 50: in mode Plan, and where drift is only reported.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=512
	Plan []string `json:"plan,omitempty"`
	// probe is the outcome of the live probes.
	// +optional
	Probe *ProbeStatus `json:"probe,omitempty"`
	// credentials that were issued.
	// +optional
	// +listType=map
	// +listMapKey=layer
	// +kubebuilder:validation:MaxItems=8
	Credentials []CredentialStatus `json:"credentials,omitempty"`
	// credentialsNamespace is where they were issued to, so that they can be found and removed when the spec moves on.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	CredentialsNamespace string `json:"credentialsNamespace,omitempty"`
	// gatewaySecretName is the Secret in credentialsNamespace that holds the token for the plane's gateways, so that it can
	// be found and removed when the spec moves on.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	GatewaySecretName string `json:"gatewaySecretName,omitempty"`
	// gatewayTokenIDs are the gateway tokens that count: that in the Secret first, then the one it replaced, until that one
	// expires. Gateways refuse every other. Empty while the Tenant is suspended, and once the Secret is gone.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MaxLength=64
	GatewayTokenIDs []string `json:"gatewayTokenIDs,omitempty"`
	// corpora of this tenant that count.
	// +optional
	Corpora int32 `json:"corpora,omitempty"`
	// budgetPercent of the tightest limit used in the current period.
	// +optional
	BudgetPercent *int32 `json:"budgetPercent,omitempty"`
}
