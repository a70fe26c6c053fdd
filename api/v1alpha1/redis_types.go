package v1alpha1

// RedisDiscovery is how the nodes of a Redis are found.
// +kubebuilder:validation:Enum=Static;Sentinel;Cluster
type RedisDiscovery string

// RedisDiscovery values.
const (
	// DiscoveryStatic: nodes are all there are.
	DiscoveryStatic RedisDiscovery = "Static"
	// DiscoverySentinel: nodes are sentinels; they name the master and its replicas.
	DiscoverySentinel RedisDiscovery = "Sentinel"
	// DiscoveryCluster: nodes are any members; they name the others.
	DiscoveryCluster RedisDiscovery = "Cluster"
)

// ACLPersistence is how a Redis keeps its users over a restart.
// +kubebuilder:validation:Enum=ACLFile;ConfigRewrite;None
type ACLPersistence string

// ACLPersistence values.
const (
	// PersistenceACLFile: ACL SAVE after a change; the server has an aclfile.
	PersistenceACLFile ACLPersistence = "ACLFile"
	// PersistenceConfigRewrite: CONFIG REWRITE after a change; the server was started from a config file.
	PersistenceConfigRewrite ACLPersistence = "ConfigRewrite"
	// PersistenceNone: users are gone after a restart and put back by the operator.
	PersistenceNone ACLPersistence = "None"
)

// RedisSpec is a Redis or Valkey.
// +kubebuilder:validation:XValidation:rule="((has(self.discovery) ? self.discovery : 'Static') == 'Sentinel') == has(self.masterName)",message="masterName goes with discovery Sentinel, and discovery Sentinel needs it"
// +kubebuilder:validation:XValidation:rule="!has(self.appUser) || self.appUser != (has(self.username) ? self.username : 'default')",message="appUser must not be the operator's own username: it would lose the right to manage users"
// +kubebuilder:validation:XValidation:rule="!has(self.appUserPasswordSecretRef) || has(self.appUser)",message="appUserPasswordSecretRef is the password of appUser: set appUser too"
type RedisSpec struct {
	// nodes are host:port of every node (Static), of the sentinels (Sentinel) or of some members (Cluster). ACLs are not
	// replicated by the server: every node counts. A node that is added is claimed and given every tenant's user; one that
	// is taken out keeps what it has.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=260
	// +kubebuilder:validation:items:XValidation:rule=`self.matches(r'^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$')`,message="a node is host:port with a port from 1 to 65535 and no scheme, such as redis-0.redis:6379"
	Nodes []string `json:"nodes"`
	// discovery: Static (nodes are all there are), Sentinel (nodes are sentinels) or Cluster (nodes are some members).
	// Default Static. Immutable.
	// +optional
	Discovery RedisDiscovery `json:"discovery,omitempty"`
	// masterName that the sentinels monitor. Goes with discovery Sentinel.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	MasterName string `json:"masterName,omitempty"`
	// username of the operator. Default default. A change reconnects.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\s]+$') && !self.startsWith('tenant-')`,message="username has no spaces and does not begin with tenant-: those are the users that Tenantry makes for tenants"
	Username string `json:"username,omitempty"`
	// passwordSecretRef holds the operator's password. A change of the Secret reconnects.
	// +required
	PasswordSecretRef SecretKeyReference `json:"passwordSecretRef"`
	// tls of the connection. Default {mode: System}. A change reconnects and rewrites the tenants' Secrets.
	// +optional
	TLS *TLSSpec `json:"tls,omitempty"`
	// advertise is the address that Secrets tell workloads. Default the first of nodes. A change rewrites the Secrets.
	// +optional
	Advertise *Endpoint `json:"advertise,omitempty"`
	// keyPrefix of every tenant's keys, which are <keyPrefix>:<tenantID>:…, and of its channels. Letters, digits,
	// underscores and hyphens, at most 32; tenantry is reserved. Immutable.
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9_-]+$')`,message="keyPrefix has letters, digits, underscores and hyphens only: a colon ends it, and glob characters would open other tenants' keys"
	// +kubebuilder:validation:XValidation:rule="self != 'tenantry'",message="the prefix tenantry belongs to Tenantry's own keys"
	KeyPrefix string `json:"keyPrefix"`
	// persistence is how the server keeps its users over a restart: ACLFile (ACL SAVE after each change), ConfigRewrite
	// (CONFIG REWRITE after each change) or None (users are gone after a restart until the operator puts them back). It
	// has no default: the wrong one locks every tenant out at the next restart.
	// +required
	Persistence ACLPersistence `json:"persistence"`
	// scripts: Allow grants EVAL and its kin to every tenant and to appUser; the server checks the keys they declare.
	// BullMQ and redlock need it. Default Deny. A change to Deny takes the commands away from every user.
	// +optional
	// +kubebuilder:validation:Enum=Deny;Allow
	Scripts string `json:"scripts,omitempty"`
	// appUser is the pooled user of your application. Tenantry makes it: every tenant's keys, nothing else. Unset: none
	// is made. It is neither default, nor the operator's username, nor a name that begins with tenant-. After a change the old
	// user is a hazard until you remove it.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9_-]+$')`,message="appUser has letters, digits, underscores and hyphens only"
	// +kubebuilder:validation:XValidation:rule="self != 'default' && !self.startsWith('tenant-')",message="appUser is neither default nor a name that begins with tenant-: those are not your application's"
	AppUser string `json:"appUser,omitempty"`
	// appUserPasswordSecretRef holds the password of appUser. Default: the Secret <plane>-redis-app in the operator's
	// namespace, key password, made by Tenantry if absent. A change of the Secret changes the password on every node.
	// +optional
	AppUserPasswordSecretRef *SecretKeyReference `json:"appUserPasswordSecretRef,omitempty"`
}
