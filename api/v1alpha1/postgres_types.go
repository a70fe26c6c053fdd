package v1alpha1

// TenantContext is how a pooled role says which tenant it acts for.
// +kubebuilder:validation:Enum=Stamped;Setting
type TenantContext string

// TenantContext values.
const (
	// TenantContextStamped: only tenantry.use_tenant(id) counts, for one transaction.
	TenantContextStamped TenantContext = "Stamped"
	// TenantContextSetting: the bare setting app.current_tenant counts, for applications that exist already. A
	// session-level SET then outlives its transaction on a pooled connection: use SET LOCAL.
	TenantContextSetting TenantContext = "Setting"
)

// ProtectMode says whether row-level security is put in place or only looked at.
// +kubebuilder:validation:Enum=Report;Enforce
type ProtectMode string

// ProtectMode values.
const (
	ProtectReport  ProtectMode = "Report"
	ProtectEnforce ProtectMode = "Enforce"
)

// PostgresSpec is a PostgreSQL database.
// +kubebuilder:validation:XValidation:rule="!has(self.appRoles) || !has(self.maintenanceRoles) || !self.appRoles.exists(r, r in self.maintenanceRoles)",message="a role cannot be both in appRoles and maintenanceRoles: a pooled role that bypasses row-level security reads every tenant"
type PostgresSpec struct {
	// dsnSecretRef holds a connection string for the operator's role, as a URL (postgresql://…) or in keyword form
	// (host=… dbname=…). It names one database; the plane is that database. The role needs no superuser. A change of the
	// Secret reconnects; where it leads to another database, the plane is Stalled rather than built anew.
	// +required
	DSNSecretRef SecretKeyReference `json:"dsnSecretRef"`
	// advertise is the address that Secrets tell workloads, a pooler for instance. Default the host and port of the DSN.
	// A change rewrites the Secrets.
	// +optional
	Advertise *Endpoint `json:"advertise,omitempty"`
	// sslMode is what Secrets tell workloads. Default require. A change rewrites the Secrets.
	// +optional
	// +kubebuilder:validation:Enum=disable;prefer;require;verify-ca;verify-full
	SSLMode string `json:"sslMode,omitempty"`
	// appRoles are the pooled login roles of your application. They serve every tenant, one per transaction, and must
	// exist. Default none. A role that is taken out loses the rights it got here.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:XValidation:rule=`size(self) > 0 && !(self in ['public', 'none', 'current_role', 'current_user', 'session_user']) && !self.startsWith('pg_') && !self.startsWith('tenantry')`,message="not a role of your application: public, none, current_role, current_user, session_user and names that begin with pg_ or tenantry are reserved"
	AppRoles []string `json:"appRoles,omitempty"`
	// tenantContext is how an appRole says which tenant it acts for. Stamped: tenantry.use_tenant(id), for one transaction.
	// Setting: the bare setting app.current_tenant counts too, for applications that exist already; a session-level SET
	// then outlives its transaction on a pooled connection. Default Stamped. A change applies to the next transaction.
	// +optional
	TenantContext TenantContext `json:"tenantContext,omitempty"`
	// protect lists the tables that carry tenant rows. Default none. Taking a table out never disables its row-level
	// security; it is only no longer looked at.
	// +optional
	// +listType=map
	// +listMapKey=schema
	// +listMapKey=tenantColumn
	// +kubebuilder:validation:MaxItems=32
	Protect []ProtectSpec `json:"protect,omitempty"`
	// maintenanceRoles may bypass row-level security (dumps, migrations): shown as Info, not as a hazard. Default none.
	// They get no rights from being listed.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	MaintenanceRoles []string `json:"maintenanceRoles,omitempty"`
}

// ProtectSpec selects tables of one schema.
// +kubebuilder:validation:XValidation:rule="!('*' in self.tables) || size(self.tables) == 1",message="\"*\" stands alone: it already means every table of the schema that has the tenant column"
type ProtectSpec struct {
	// schema of the tables. tenantry, information_schema and names that begin with pg_ are refused.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="!(self in ['tenantry', 'information_schema']) && !self.startsWith('pg_')",message="the schemas tenantry, information_schema and pg_… hold no tenant rows and cannot be protected"
	Schema string `json:"schema"`
	// tables by name, or "*" alone for every table of the schema that has the tenant column, now or later.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Tables []string `json:"tables"`
	// tenantColumn holds the tenantID, in the type that tenantIDFormat says.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	TenantColumn string `json:"tenantColumn"`
	// mode: Report looks and reports, Enforce puts row-level security in place and forces it on the owner too. Default
	// Report. From Enforce back to Report leaves what stands and no longer mends it.
	// +optional
	Mode ProtectMode `json:"mode,omitempty"`
}
