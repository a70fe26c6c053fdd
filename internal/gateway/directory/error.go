package directory

// Problem says why a lookup failed. The set is bounded: it is fit for a metric's label.
type Problem string

// The problems.
const (
	// Unknown: no such tenant on this plane.
	Unknown Problem = "Unknown"
	// Suspended: the Tenant says access: Suspended.
	Suspended Problem = "Suspended"
	// NotVerified: the operator has not yet verified the tenant's boundary, or it cannot be served as declared.
	NotVerified Problem = "NotVerified"
	// Deleted: the Tenant is being deleted.
	Deleted Problem = "Deleted"
	// Ambiguous: two Tenants lay claim to the same tenantID or ServiceAccount.
	Ambiguous Problem = "Ambiguous"
	// Stale: the API server has been away for too long, or was never reached.
	Stale Problem = "Stale"
	// NoMaterial: the operator has not handed over what the gateway needs, or the plane cannot be used.
	NoMaterial Problem = "NoMaterial"
)

// Error is what lookups return. Message is safe for the caller: it names neither other tenants nor physical collections.
type Error struct {
	Problem Problem
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }
