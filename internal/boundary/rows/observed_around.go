package rows

// Definer is a function that runs with the rights of its owner.
type Definer struct {
	// Name with arguments, quoted.
	Name  string `json:"name"`
	Owner string `json:"owner"`
	// Exempt: row-level security does not hold its owner.
	Exempt bool `json:"exempt"`
	// Callers among the groups and the application's roles.
	Callers []string `json:"callers"`
	// Fires: triggers of these tables call it.
	Fires []uint32 `json:"fires"`
	// Path is its search_path; "-" where it takes its caller's.
	Path string `json:"path"`
	// Dynamic: it makes statements as it runs, or is in a language that is not looked into.
	Dynamic bool `json:"dynamic"`
	// Reads are tables that its text names. Only read where Exempt; at most 20.
	Reads []uint32 `json:"reads"`
	// Grantees that EXECUTE was given to; "" is PUBLIC.
	Grantees []string `json:"grantees"`
}

// Oracle is a constraint that looks at rows of all tenants, and so tells each something about the others.
type Oracle struct {
	Table uint32 `json:"table"`
	Name  string `json:"name"`
	// Reference: a foreign key to Parent; else a unique or exclusion index.
	Reference bool   `json:"reference"`
	Parent    uint32 `json:"parent"`
	// Columns of the table, "" for an expression; Parents those they refer to.
	Columns []string `json:"columns"`
	Parents []string `json:"parents"`
}

// Around is what surrounds the protected schemas. Its lists are bounded.
type Around struct {
	Publications []Publication `json:"publications"`
	// Replicators are login roles with REPLICATION that are no superusers.
	Replicators []string `json:"replicators"`
	// Leakproof functions of the platform's own; Immutable ones that read a setting or the tenant.
	Leakproof []string `json:"leakproof"`
	Immutable []string `json:"immutable"`
	// Dblink are functions of that extension that open connections and that tenants may call.
	Dblink []string `json:"dblink"`
	// ForeignTables that tenants may read or write.
	ForeignTables []ForeignTable `json:"foreignTables"`
	// Rules on tables.
	Rules []Rule `json:"rules"`
	// Claims that contradict the state of their tenant.
	Claims []OddClaim `json:"claims"`
	// Strangers are recorded logins whose roles are not Tenantry's.
	Strangers []Login `json:"strangers"`
}

// Publication is a publication of protected tables.
type Publication struct {
	Name   string   `json:"name"`
	Tables []string `json:"tables"`
}

// ForeignTable is a foreign table that tenants have rights on.
type ForeignTable struct {
	OID    uint32 `json:"oid"`
	Name   string `json:"name"`
	Quoted string `json:"quoted"`
}

// Rule rewrites statements on a table, with its owner's rights.
type Rule struct {
	Table uint32 `json:"table"`
	Name  string `json:"name"`
}

// OddClaim is a tombstone of a tenant that is not retained, or a retained tenant without one.
type OddClaim struct {
	TenantID  string `json:"tenantID"`
	State     string `json:"state"`
	Tombstone bool   `json:"tombstone"`
}
