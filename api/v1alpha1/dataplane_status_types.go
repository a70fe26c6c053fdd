package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ServerStatus is what is known of one server.
type ServerStatus struct {
	// layer the server holds.
	// +required
	Layer LayerName `json:"layer"`
	// version the server reports. Unset until it was reached.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Version string `json:"version,omitempty"`
	// claimed is Enabled once the server carries this plane's marker.
	// +optional
	Claimed Switch `json:"claimed,omitempty"`
	// capabilities are what the operator can and cannot do there, one short sentence each.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=512
	Capabilities []string `json:"capabilities,omitempty"`
}

// DataPlaneStatus is what was found.
type DataPlaneStatus struct {
	// conditions: Ready, Claimed, QdrantReachable, PostgresReachable, RedisReachable, AuditCurrent, Enforcing; Reconciling
	// and Stalled while True.
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
	// servers of the plane, by layer.
	// +optional
	// +listType=map
	// +listMapKey=layer
	// +kubebuilder:validation:MaxItems=8
	Servers []ServerStatus `json:"servers,omitempty"`
	// tenants is how many Tenants name this plane.
	// +optional
	Tenants int32 `json:"tenants"`
	// findings that belong to no tenant, worst first, at most 20. Accepted hazards come last.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=20
	Findings []Finding `json:"findings,omitempty"`
	// findingsTotal counts all of them, listed or not, but for accepted hazards.
	// +optional
	FindingsTotal *int32 `json:"findingsTotal,omitempty"`
	// findingsAccepted counts the hazards among them that acceptedHazards name. Unset: none.
	// +optional
	FindingsAccepted int32 `json:"findingsAccepted,omitempty"`
	// plan is what would be done to the plane's own objects and is not, one line a change, at most 50, where drift is only
	// reported.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=512
	Plan []string `json:"plan,omitempty"`
	// lastAuditTime is when the servers were last read, updated at most once a minute.
	// +optional
	LastAuditTime *metav1.Time `json:"lastAuditTime,omitempty"`
	// lastProbeTime is when a live probe on this plane last ended, updated at most once a minute.
	// +optional
	LastProbeTime *metav1.Time `json:"lastProbeTime,omitempty"`
}
