package v1alpha1

// TLSMode says how a server is verified.
// +kubebuilder:validation:Enum=Disabled;System;CA
type TLSMode string

// TLSMode values.
const (
	// TLSDisabled sends plain text.
	TLSDisabled TLSMode = "Disabled"
	// TLSSystem verifies against the system's roots.
	TLSSystem TLSMode = "System"
	// TLSCA verifies against the certificate in caSecretRef.
	TLSCA TLSMode = "CA"
)

// TLSSpec says how a connection is secured.
// +kubebuilder:validation:XValidation:rule="(self.mode == 'CA') == has(self.caSecretRef)",message="caSecretRef goes with mode CA, and mode CA needs it"
type TLSSpec struct {
	// mode: Disabled sends plain text, credentials included; System verifies the server against the system's roots; CA
	// verifies it against caSecretRef. A change reconnects.
	// +required
	Mode TLSMode `json:"mode"`
	// caSecretRef holds the PEM bundle for mode CA, and goes with no other. A change of the Secret reconnects.
	// +optional
	CASecretRef *SecretKeyReference `json:"caSecretRef,omitempty"`
}

// Endpoint is an address as workloads see it.
type Endpoint struct {
	// host name or IP address, without a port and, for IPv6, without brackets.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([A-Za-z0-9._-]+|[0-9A-Fa-f:.]+)$')`,message="host is a host name or IP address without scheme, port or brackets, such as pooler.data"
	Host string `json:"host"`
	// port number, from 1 to 65535.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
}

// LocalSecretReference names a Secret in the operator's own namespace that carries the label
// tenantry.dev/data-plane with the name of the DataPlane.
type LocalSecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="not the name of a Secret: lower-case letters, digits, hyphens and dots; it is looked up in the operator's own namespace"
	Name string `json:"name"`
}

// SecretKeyReference names one key of a Secret in the operator's own namespace that carries the label
// tenantry.dev/data-plane with the name of the DataPlane.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="not the name of a Secret: lower-case letters, digits, hyphens and dots; it is looked up in the operator's own namespace"
	Name string `json:"name"`
	// key in the Secret's data.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[-._A-Za-z0-9]+$')`,message="not the key of a Secret: letters, digits, hyphens, underscores and dots"
	Key string `json:"key"`
}
