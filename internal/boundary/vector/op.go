package vector

import (
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// CreateCollection makes a collection together with its stamp. It fails where one stands that is not ours.
type CreateCollection struct{ Want Collection }

// UpdateCollection sets the named fields of a standing collection.
type UpdateCollection struct {
	Want   Collection
	Fields []Field
}

// CreateIndex makes a payload index.
type CreateIndex struct {
	Collection string
	Index      Index
}

// DropIndex removes a payload index. No data is lost with it.
type DropIndex struct {
	Collection string
	Field      string
}

// DropAlias removes an alias. The collection that it leads to stays as it is.
type DropAlias struct{ Alias, Target string }

// PutClaim writes the claim on a tenantID where none stands: the first one wins.
type PutClaim struct{ Claim boundary.Claim }

// BuryClaim turns our own claim into a tombstone.
type BuryClaim struct{ Claim boundary.Claim }

// PutGrant writes the record that a token lives by.
type PutGrant struct{ Record Record }

// DropGrant removes a record, and with it every use of the token.
type DropGrant struct{ Record Record }

// String describes the operation.
func (o CreateCollection) String() string { return "create collection " + o.Want.Name }

// String describes the operation.
func (o UpdateCollection) String() string {
	names := make([]string, 0, len(o.Fields))
	for _, f := range o.Fields {
		names = append(names, string(f))
	}
	return fmt.Sprintf("update collection %s (%s)", o.Want.Name, strings.Join(names, ", "))
}

// String describes the operation.
func (o CreateIndex) String() string {
	return fmt.Sprintf("create index %s.%s as %s", o.Collection, o.Index.Field, o.Index)
}

// String describes the operation.
func (o DropIndex) String() string { return fmt.Sprintf("drop index %s.%s", o.Collection, o.Field) }

// String describes the operation.
func (o DropAlias) String() string { return fmt.Sprintf("remove alias %s of %s", o.Alias, o.Target) }

// String describes the operation.
func (o PutClaim) String() string { return "claim tenantID " + o.Claim.TenantID }

// String describes the operation.
func (o BuryClaim) String() string {
	return "turn the claim on " + o.Claim.TenantID + " into a tombstone"
}

// String describes the operation.
func (o PutGrant) String() string {
	return fmt.Sprintf("grant token %s of %s", o.Record.TokenID, o.Record.Owner)
}

// String describes the operation.
func (o DropGrant) String() string {
	return fmt.Sprintf("revoke token %s of %s", o.Record.TokenID, o.Record.Owner)
}
