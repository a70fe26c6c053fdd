package rows

import (
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Op is what a change of the Rows layer executes.
type Op interface {
	boundary.Op
	// Unit is what shares a transaction: consecutive changes of one unit are applied together or not at all.
	Unit() string
	// Isolated says that nothing else rests on the unit: where it fails, the others are applied all the same.
	Isolated() bool
}

// PlaneUnit is the unit of everything that all tenants share. Where it fails, nothing after it is tried.
const PlaneUnit = "plane"

// Statement is one SQL statement.
type Statement struct {
	SQL  string
	Args []any
	// Otherwise is the message where no row was affected though one had to be; "" where that does not matter.
	Otherwise string
}

// Exec runs statements.
type Exec struct {
	In string
	// Apart is what Isolated returns. All changes of a unit have the same.
	Apart      bool
	Statements []Statement
}

// Unit it belongs to.
func (e Exec) Unit() string { return e.In }

// Isolated says that nothing else rests on it.
func (e Exec) Isolated() bool { return e.Apart }

// String is the SQL. Arguments are tenant ids, UIDs, names and fingerprints: no secrets.
func (e Exec) String() string {
	lines := make([]string, 0, len(e.Statements))
	for _, s := range e.Statements {
		line := s.SQL
		if len(s.Args) > 0 {
			line += fmt.Sprintf(" -- %v", s.Args)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ";\n")
}

// SetPassword lets a login role in with a password.
type SetPassword struct {
	In   string
	Role string
	// Secret is turned into a verifier when it is applied; its fingerprint is recorded in the same transaction.
	Secret boundary.Secret
}

// Unit it belongs to.
func (p SetPassword) Unit() string { return p.In }

// Isolated is false: others rest on it.
func (p SetPassword) Isolated() bool { return false }

// String describes it without the password.
func (p SetPassword) String() string {
	return fmt.Sprintf("ALTER ROLE %s LOGIN PASSWORD '[verifier]'", Ident(p.Role))
}

// Terminate ends the sessions of a role. It runs outside of a transaction, after the role was closed: a role that may not
// log in keeps the sessions that it has.
type Terminate struct {
	In   string
	Role string
	// OID of the role: sessions of a dropped one have no name any more.
	OID uint32
}

// Unit it belongs to.
func (t Terminate) Unit() string { return t.In }

// Isolated is false: others rest on it.
func (t Terminate) Isolated() bool { return false }

// String describes it.
func (t Terminate) String() string { return "terminate the sessions of role " + Ident(t.Role) }

// Migrate brings the schema up to this manager's version.
type Migrate struct{ From, To int }

// Unit it belongs to.
func (m Migrate) Unit() string { return PlaneUnit }

// Isolated is false: others rest on it.
func (m Migrate) Isolated() bool { return false }

// String describes it.
func (m Migrate) String() string {
	return fmt.Sprintf("migrate schema %s from version %d to %d", Schema, m.From, m.To)
}
