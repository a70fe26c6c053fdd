package cache

import (
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Op is one step on one node.
type Op interface {
	boundary.Op
	// At is the node that the step is carried out on.
	At() string
}

// ClaimTenant writes the claim where none stands, and fails where somebody else's does.
type ClaimTenant struct {
	Node  string
	Claim boundary.Claim
}

// BuryClaim turns the tenant's claim into a tombstone.
type BuryClaim struct {
	Node  string
	Claim boundary.Claim
}

// RestoreTombstones writes tombstones where no claim stands.
type RestoreTombstones struct {
	Node   string
	Claims []boundary.Claim
}

// SetUser replaces a user in one atomic ACL SETUSER.
type SetUser struct {
	Node, User string
	// Rule are the words of ACL SETUSER; they begin with reset and hold the digests of passwords.
	Rule []string
	// Kill ends the user's sessions in the same transaction.
	Kill bool
	// Forget is the record that must go first.
	Forget Record
}

// DropUser removes a user; the server ends its sessions.
type DropUser struct {
	Node, User string
	// Forget is the record that must go first.
	Forget Record
}

// Record is a field of SavedKey on a node. A change forgets the one that would already speak of what it makes: else a
// crash before the save could not be told from a save. The zero value is no record.
type Record struct{ Home, Field string }

// Save makes the node's users survive a restart, then records what was saved.
type Save struct {
	Node string
	// Record is where Digest is written afterwards.
	Record Record
	// Digest of the user's rule that is saved.
	Digest string
	// Command is the server's: "ACL SAVE" or "CONFIG REWRITE".
	Command string
}

// ForgetSaves clears fields of SavedKey.
type ForgetSaves struct {
	Node   string
	Fields []string
}

// At returns the node.
func (o ForgetSaves) At() string { return o.Node }

// At returns the node.
func (o RestoreTombstones) At() string { return o.Node }

// At returns the node.
func (o ClaimTenant) At() string { return o.Node }

// At returns the node.
func (o BuryClaim) At() string { return o.Node }

// At returns the node.
func (o SetUser) At() string { return o.Node }

// At returns the node.
func (o DropUser) At() string { return o.Node }

// At returns the node.
func (o Save) At() string { return o.Node }

func (o ClaimTenant) String() string {
	return fmt.Sprintf("HSETNX %s %s <claim of %s>", ClaimsKey, o.Claim.TenantID, o.Claim.UID)
}

func (o BuryClaim) String() string {
	return fmt.Sprintf("HSET %s %s <tombstone of %s>", ClaimsKey, o.Claim.TenantID, o.Claim.UID)
}

func (o RestoreTombstones) String() string {
	return fmt.Sprintf("HSETNX %s <%d tombstones>", ClaimsKey, len(o.Claims))
}

// String shows the command without the digests of passwords.
func (o SetUser) String() string {
	words := make([]string, len(o.Rule))
	for i, w := range o.Rule {
		if strings.HasPrefix(w, "#") {
			w = "#<sha256>"
		}
		words[i] = w
	}
	text := o.Forget.String() + "ACL SETUSER " + Quote(o.User) + " " + strings.Join(words, " ")
	if o.Kill {
		text += "; CLIENT KILL USER " + Quote(o.User)
	}
	return text
}

func (o DropUser) String() string { return o.Forget.String() + "ACL DELUSER " + Quote(o.User) }

// String shows the command that removes the record, before another one.
func (r Record) String() string {
	if r.Home == "" {
		return ""
	}
	return fmt.Sprintf("HDEL %s %s; ", SavedKey, r.Field)
}

func (o ForgetSaves) String() string {
	return fmt.Sprintf("HDEL %s <%d fields>", SavedKey, len(o.Fields))
}

func (o Save) String() string { return o.Command }
