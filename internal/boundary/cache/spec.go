// Package cache decides what isolates a tenant in Redis or Valkey: one ACL user per tenant on every node, which reaches
// the keys and channels <prefix>:<tenantID>:… and nothing else.
//
// It turns what the nodes hold (Node) and what is wanted (Spec, boundary.Tenant) into a boundary.Diff. It talks to no
// server; internal/plane/redis reads the nodes and carries the plans out.
package cache

import "github.com/tenantry/tenantry/internal/boundary"

// Ways in which a server keeps its ACL users over a restart; the words of the API.
const (
	// ACLFile: ACL SAVE after a change.
	ACLFile = "ACLFile"
	// ConfigRewrite: CONFIG REWRITE after a change.
	ConfigRewrite = "ConfigRewrite"
	// None: users are gone after a restart and are put back.
	None = "None"
)

// Whether tenants may run scripts; the words of the API.
const (
	// Deny refuses EVAL and its kin. "" means Deny.
	Deny = "Deny"
	// Allow grants EVAL and EVALSHA. The server checks every command of a script against the caller's rules.
	Allow = "Allow"
)

// The keys that Tenantry keeps in every primary. The braces put them into one slot of a cluster. No tenant's pattern and
// not the application's can reach them: a key prefix holds no braces.
//
// They live and die with the data. A server that restarts empty has lost its claims and its tombstones together with
// whatever they guarded; claims are made again by the Tenants that exist.
const (
	// MarkerKey is a string: the JSON of boundary.Marker.
	MarkerKey = "{tenantry}:plane"
	// ClaimsKey is a hash: tenantID → JSON of boundary.Claim. The first one wins, tombstones stay.
	ClaimsKey = "{tenantry}:claims"
	// SavedKey is a hash: <user>@<node> → digest of that user's rule when it was last saved on that node. A crash between
	// a change and its save leaves them different, which the next diff sees without writing anything.
	SavedKey = "{tenantry}:saved"
	// OwnKeys is the pattern of all of them.
	OwnKeys = "{tenantry}:*"
)

// Spec is what the DataPlane wants of its Redis.
type Spec struct {
	// KeyPrefix: a tenant's keys are <KeyPrefix>:<tenantID>:… Never "tenantry".
	KeyPrefix string
	// Persistence of ACL users: ACLFile, ConfigRewrite or None.
	Persistence string
	// Scripts: Deny or Allow; "" is Deny.
	Scripts string
	// AppUser is the pooled user of the application, which reaches every tenant's keys and nothing else; "" for none.
	AppUser string
	// AppPassword of AppUser; without one it is built closed.
	AppPassword boundary.Secret
	// Marker that must stand on every primary; zero: it is not judged.
	Marker boundary.Marker
	// Operator is the user that Tenantry itself connects as. It is never changed and never reported.
	Operator string
}

// tenantUserPrefix begins the names of all users that Tenantry makes for tenants.
const tenantUserPrefix = "tenant-"

// UserName is the ACL user of a tenant, the same on every node.
func UserName(tenantID string) string { return tenantUserPrefix + tenantID }

// SaveField is the field of SavedKey that speaks of one user on one node.
func SaveField(user, node string) string { return user + "@" + node }
