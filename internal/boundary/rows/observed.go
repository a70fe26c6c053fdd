package rows

import "github.com/tenantry/tenantry/internal/boundary"

// Snapshot is what a server held at one moment.
type Snapshot struct {
	Plane PlaneState
	// Tenants by tenantID: every claim.
	Tenants map[string]TenantState
}

// PlaneState is the part of a snapshot that all tenants share.
type PlaneState struct {
	Server ServerState
	// Roles that the plane needs or names, by name: the groups, application and maintenance roles.
	Roles map[string]Role
	// Registered application roles.
	Registered []string
	// Functions of the schema tenantry, by signature such as "use_tenant(text)".
	Functions map[string]Function
	// Tables of the protected schemas, and partitions of them elsewhere.
	Tables []Table
	// Schemas that are protected, and others in which PUBLIC may create objects, by name.
	Schemas map[string]SchemaState
	// Rights of the groups and of PUBLIC, as far as they matter.
	Rights []Right
	// Reaches are roles of ours or of the application that may act as a role that RLS does not stop.
	Reaches []Reach
	// Views that lead to rows of tables of the protected schemas past their policies, for somebody of ours.
	Views []View
	// Definers are functions that run with their owner's rights, which somebody of ours can set off.
	Definers []Definer
	// Oracles are constraints of tables of the protected schemas.
	Oracles []Oracle
	// Around is what surrounds the protected schemas.
	Around Around
	// Marker of the plane, nil where none stands.
	Marker *boundary.Marker
	// Settings of application roles that survive a transaction.
	Settings []RoleSetting
	// Bypassers are roles with BYPASSRLS that are no superusers.
	Bypassers []string
	// Orphans are roles with our prefix that no tenant claims.
	Orphans []string
	// Members of the groups, by group.
	Members map[string][]string
	// Guard is the event trigger that protects new tables.
	Guard Guard
}

// ServerState is the database and what the operator may do there.
type ServerState struct {
	// Version as server_version_num: 150018 is 15.18.
	Version  int    `json:"version"`
	Database string `json:"database"`
	Operator string `json:"operator"`
	// DatabaseOwner; MayAlterDatabase says that the operator has its rights.
	DatabaseOwner    string `json:"databaseOwner"`
	MayAlterDatabase bool   `json:"mayAlterDatabase"`
	// MayGrantConnect: the operator may pass CONNECT on.
	MayGrantConnect bool `json:"mayGrantConnect"`
	// Users are roles beside Tenantry's that use the database: they own or were granted something in it, or are connected.
	Users []string `json:"users"`
	// OpenDatabases are other databases that PUBLIC may connect to.
	OpenDatabases []string `json:"openDatabases"`
	// SchemaVersion of the marker.
	SchemaVersion int `json:"schemaVersion"`
}

// Role is a role as the catalog shows it.
type Role struct {
	OID         uint32 `json:"oid"`
	Name        string `json:"name"`
	Super       bool   `json:"super"`
	BypassRLS   bool   `json:"bypassRLS"`
	CreateRole  bool   `json:"createRole"`
	CreateDB    bool   `json:"createDB"`
	Replication bool   `json:"replication"`
	Inherit     bool   `json:"inherit"`
	Login       bool   `json:"login"`
	ConnLimit   int    `json:"connLimit"`
	Expires     bool   `json:"expires"`
	// MemberOf are the roles it is a member of; Admin those among them that it may pass on.
	MemberOf []string `json:"memberOf"`
	Admin    []string `json:"admin"`
	// Members are the roles that are members of it. Not read for the groups.
	Members []string `json:"members"`
	// SettingsIn are databases in which the role has settings, "" for all of them.
	SettingsIn []string `json:"settingsIn"`
	// Holdings are objects that it owns or has rights on, beyond what its group gives. Only read for login roles, and only
	// some of those that tenants can add to themselves: a role may own millions of large objects.
	Holdings []Holding `json:"holdings"`
	// Shares: it owns something, such as a large object or a temporary table, on which it gave other roles rights. Shared: it
	// has rights on such a thing of another tenant's login, which can give them to any role at any time.
	Shares bool `json:"shares"`
	Shared bool `json:"shared"`
	// Crowded: it has so many such things and rights that not all were looked at. What stands in this database and no tenant
	// can make is among Holdings all the same.
	Crowded bool `json:"crowded"`
	// Sessions that are connected as it.
	Sessions int `json:"sessions"`
}

// Holding is an object that a role owns or has rights on.
type Holding struct {
	// Owned, or else a grant.
	Owned bool `json:"owned"`
	// Object such as "table documents", or "2 objects in database other".
	Object string `json:"object"`
	// Relation: a table or view of this database that is not temporary. No tenant can make one.
	Relation bool `json:"relation"`
	// Revoke is what follows REVOKE ALL ON to take the right away; "" where the operator may not.
	Revoke string `json:"revoke"`
}

// TenantState is what stands for one tenant.
type TenantState struct {
	Claim *boundary.Claim
	// State in tenantry.tenants: Active, Suspended, Retained, or "" without a row.
	State string
	// Logins are its rows of tenantry.logins, by role name.
	Logins map[string]Login
	// Roles that stand, by name: those of its slots and those that Logins names.
	Roles map[string]Role
}

// Login is a row of tenantry.logins. A TenantState also has rows of its roles that are recorded for another tenant.
type Login struct {
	Role        string
	TenantID    string
	Slot        int
	Fingerprint string
}

// Function is a function of the schema tenantry.
type Function struct {
	Name string `json:"name"`
	// Definition is a digest of everything but its rights; see FunctionDigest.
	Definition string `json:"definition"`
	Owned      bool   `json:"owned"`
}

// SchemaState is a schema.
type SchemaState struct {
	Name string `json:"name"`
	// MayGrant: the operator has the rights of its owner.
	MayGrant     bool   `json:"mayGrant"`
	Owner        string `json:"owner"`
	PublicUsage  bool   `json:"publicUsage"`
	PublicCreate bool   `json:"publicCreate"`
	// DefaultRights that tables to come will have.
	DefaultRights []DefaultRight `json:"defaultRights"`
}

// DefaultRight is a default privilege on tables to come.
type DefaultRight struct {
	Owner   string `json:"owner"`
	Grantee string `json:"grantee"` // "" is PUBLIC
	// Everywhere: in every schema, not only in this one.
	Everywhere bool `json:"everywhere"`
}

// Table is a table as the catalog shows it.
type Table struct {
	OID    uint32 `json:"oid"`
	Schema string `json:"schema"`
	Name   string `json:"name"`
	// Foreign tables cannot have row-level security.
	Foreign bool `json:"foreign"`
	// PartitionOf are the OIDs of all its ancestors in a partition hierarchy.
	PartitionOf []uint32 `json:"partitionOf"`
	// ChildOf are the OIDs of its other ancestors: it inherits from them without being a partition.
	ChildOf    []uint32 `json:"childOf"`
	Owner      string   `json:"owner"`
	OwnerSuper bool     `json:"ownerSuper"`
	// MayAlter: the operator has the rights of the owner.
	MayAlter bool     `json:"mayAlter"`
	RLS      bool     `json:"rls"`
	Force    bool     `json:"force"`
	Columns  []Column `json:"columns"`
	Policies []Policy `json:"policies"`
	// Sequences that column defaults draw from, quoted.
	Sequences []string `json:"sequences"`
}

// Column is a column of a table.
type Column struct {
	Name   string `json:"name"`
	Quoted string `json:"quoted"`
	// Type as format_type prints it without modifiers.
	Type    string `json:"type"`
	NotNull bool   `json:"notNull"`
	// Fuzzy: its collation takes different texts for equal.
	Fuzzy bool `json:"fuzzy"`
	// Drawn: it is an identity column, or its default draws from a sequence.
	Drawn bool `json:"drawn"`
	// Leads: a valid, total index begins with it.
	Leads bool `json:"leads"`
}

// Policy is a row-level security policy.
type Policy struct {
	Name       string `json:"name"`
	Permissive bool   `json:"permissive"`
	// Command: "*" for all, else r, a, w or d.
	Command string `json:"command"`
	// Public: for PUBLIC, and nobody else.
	Public bool `json:"public"`
	// Roles it is for, without PUBLIC.
	Roles []PolicyRole `json:"roles"`
	// Reaches are those of the groups and the application's roles that it applies to.
	Reaches []string `json:"reaches"`
	// Bare are tables without row-level security that it asks; Volatile functions that it calls for every row.
	Bare     []string `json:"bare"`
	Volatile []string `json:"volatile"`
	Using    string   `json:"using"`
	Check    string   `json:"check"`
}

// PolicyRole is a role that a policy is for.
type PolicyRole struct {
	Name string `json:"name"`
	// Exempt: policies do not hold it anyway.
	Exempt bool `json:"exempt"`
}

// Right is one privilege on one object.
type Right struct {
	// Kind is TABLE, SEQUENCE, SCHEMA, FUNCTION, DATABASE, or another word for what is never granted.
	Kind string `json:"kind"`
	// Object, quoted.
	Object string `json:"object"`
	// Column, unquoted; "" for the object as a whole.
	Column    string `json:"column"`
	Privilege string `json:"privilege"`
	// Grantee; "" is PUBLIC.
	Grantee string `json:"grantee"`
	// Grantor who gave it.
	Grantor string `json:"grantor"`
	// Grantable: the grantee may pass it on.
	Grantable bool `json:"grantable"`
	// MayRevoke: the operator can take it away.
	MayRevoke bool `json:"mayRevoke"`
}

// Reach is a way from a role to one that RLS does not stop.
type Reach struct {
	Role string `json:"role"`
	// To is the role reached; Why is "superuser", "BYPASSRLS", "server programs", or "owner of public.documents".
	To  string `json:"to"`
	Why string `json:"why"`
}

// View is a view or materialised view through which somebody of ours gets at rows past their policies.
type View struct {
	Schema, Name string
	Materialised bool   `json:"materialised"`
	Owner        string `json:"owner"`
	// Via is the view below it that reads the tables, quoted; "" where it does so itself. ViaOwner are its owner's rights, and
	// ViaMaterialised says that it holds a copy.
	Via             string `json:"via"`
	ViaOwner        string `json:"viaOwner"`
	ViaMaterialised bool   `json:"viaMaterialised"`
	// Tables that are read.
	Tables []uint32 `json:"tables"`
	// Readers among the groups and the application's roles that may read or write through it, by whatever right.
	Readers []string `json:"readers"`
	// Grantees that the rights were given to; "" is PUBLIC.
	Grantees []string `json:"grantees"`
}

// RoleSetting is app.current_tenant set for a role or database.
type RoleSetting struct {
	Role     string `json:"role"`
	Database string `json:"database"`
}

// Guard is the event trigger that protects new tables.
type Guard struct {
	// Installed: the trigger stands.
	Installed bool `json:"installed"`
	Enabled   bool `json:"enabled"`
	// Safe: its function, its list and their schema belong to superusers, and the operator cannot change the function.
	Safe bool `json:"safe"`
	// Digest of the function; see FunctionDigest.
	Digest string `json:"digest"`
	// MayList: the operator may write the list.
	MayList bool `json:"mayList"`
	// List as it stands.
	List []GuardEntry `json:"list"`
	// Tells are the event triggers TellChanges and TellDrops, as far as they stand.
	Tells []Tell `json:"tells"`
}

// Tell is an event trigger that tells of changes.
type Tell struct {
	Name string `json:"name"`
	// Event it is on, such as "sql_drop".
	Event   string `json:"event"`
	Enabled bool   `json:"enabled"`
	// Safe: it and its function belong to superusers, and the operator is no member of them.
	Safe bool `json:"safe"`
	// Digest of the function; see FunctionDigest.
	Digest string `json:"digest"`
}

// GuardEntry is a row of the guard's list.
type GuardEntry struct {
	Schema string `json:"schema"`
	// Table, or AllTables.
	Table  string `json:"table"`
	Column string `json:"column"`
}
