package enduser

// Problem says why a token was not accepted. The set is bounded.
type Problem string

// The problems.
const (
	// Invalid: the provider did not sign it, or not for this audience, or it has expired.
	Invalid Problem = "Invalid"
	// NoTenant: it is valid and its claim names no tenant.
	NoTenant Problem = "NoTenant"
	// Unavailable: the provider could not be asked.
	Unavailable Problem = "Unavailable"
)

// Error is what a Verifier returns. Message is for the caller and holds no part of the token.
type Error struct {
	Problem Problem
	Message string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }
