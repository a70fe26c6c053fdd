package v1alpha1

// GatewaySpec is where the plane's gateway is reached. With it set, tenants get a Secret with a token for the gateway, and the
// operator keeps a Secret for the gateway to work with in its own namespace, named after the plane with -gateway behind it. Taken
// out, both are removed.
// +kubebuilder:validation:XValidation:rule="has(self.url) || has(self.grpcAddress)",message="set url, grpcAddress or both"
type GatewaySpec struct {
	// url of the REST listener, without a path, such as https://vectors.example.com:6333. Unset: Secrets name no REST
	// address.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^https?://[^/?#@\s]+$')`,message="url is http:// or https://, a host and perhaps a port, without credentials or path, such as https://vectors.example.com:6333"
	URL string `json:"url,omitempty"`
	// grpcAddress is host:port of the gRPC listener. Unset: Secrets name no gRPC address.
	// +optional
	// +kubebuilder:validation:MaxLength=260
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$')`,message="grpcAddress is host:port with a port from 1 to 65535 and no scheme, such as vectors.example.com:6334"
	GRPCAddress string `json:"grpcAddress,omitempty"`
}

// TenantFrom is how a shared application names the tenant of a request.
// +kubebuilder:validation:Enum=EndUserToken;Header
type TenantFrom string

// TenantFrom values.
const (
	// TenantFromEndUserToken: a verified claim of the end user's token decides.
	TenantFromEndUserToken TenantFrom = "EndUserToken"
	// TenantFromHeader: the application is trusted to name it.
	TenantFromHeader TenantFrom = "Header"
)

// ApplicationSpec is one shared application.
type ApplicationSpec struct {
	// namespace of its ServiceAccount.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="not the name of a namespace: lower-case letters, digits and hyphens, no wildcards"
	Namespace string `json:"namespace"`
	// serviceAccount it runs as.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="not the name of a ServiceAccount: lower-case letters, digits, hyphens and dots, no wildcards"
	ServiceAccount string `json:"serviceAccount"`
	// tenantFrom says how it names the tenant of a request: EndUserToken, by a verified claim of the end user's token, or
	// Header, where the application itself is trusted to name any tenant of the plane.
	// +required
	TenantFrom TenantFrom `json:"tenantFrom"`
}

// OIDCSpec says whose end-user tokens are believed.
type OIDCSpec struct {
	// issuerURL of the identity provider, https, exactly as its tokens say in iss.
	// +required
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^https://[^/?#@\s]+(/[^?#\s]*)?$')`,message="issuerURL is https:// and a host, perhaps with a path, without credentials, query or fragment"
	IssuerURL string `json:"issuerURL"`
	// audience that a token must name in aud.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Audience string `json:"audience"`
	// tenantClaim is the claim that holds the tenantID.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	TenantClaim string `json:"tenantClaim"`
}
