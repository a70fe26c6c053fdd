package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
)

// facts is the answer to queries/describe.sql.
type facts struct {
	Number       int    `json:"number"`
	Version      string `json:"version"`
	Database     string `json:"database"`
	Operator     string `json:"operator"`
	Super        bool   `json:"super"`
	CreateRole   bool   `json:"createRole"`
	CreateSchema bool   `json:"createSchema"`
	Signal       bool   `json:"signal"`
	SchemaOwner  string `json:"schemaOwner"`
	OwnsSchema   bool   `json:"ownsSchema"`
	Marked       bool   `json:"marked"`
}

// Describe connects, checks version and rights, and reads the marker. It writes nothing. Faults: Unreachable,
// AuthenticationFailed, UnsupportedServer, MissingRights with the exact GRANTs, PlaneOwnedElsewhere.
func (s *Server) Describe(ctx context.Context) (plane.Description, error) {
	f, tables, guard, err := s.look(ctx)
	if err != nil {
		return plane.Description{}, err
	}
	d := plane.Description{Version: f.Version, Capabilities: s.capabilities(f, guard)}
	if err := s.refuse(f); err != nil {
		return d, err
	}
	if f.Marked {
		if d.Marker, err = s.marker(ctx); err != nil {
			return d, err
		}
	}
	return d, s.missing(f, tables)
}

// look asks for everything that Describe tells, but the marker, which only stands on a claimed server.
func (s *Server) look(ctx context.Context) (facts, []rows.Table, rows.Guard, error) {
	var (
		found  []facts
		tables []rows.Table
		guards []rows.Guard
	)
	r := s.newReading("describe")
	ask(r, "describe", &found)
	ask(r, "tables", &tables, s.schemas(), s.groups())
	ask(r, "guard", &guards, rows.GuardTrigger, []string{rows.TellChanges, rows.TellDrops})
	if err := r.run(ctx); err != nil {
		return facts{}, nil, rows.Guard{}, err
	}
	return first(found), tables, first(guards), nil
}

func first[T any](list []T) (zero T) {
	if len(list) > 0 {
		return list[0]
	}
	return zero
}

func (s *Server) marker(ctx context.Context) (*boundary.Marker, error) {
	var markers []boundary.Marker
	r := s.newReading("marker")
	ask(r, "marker", &markers)
	if err := r.run(ctx); err != nil || len(markers) == 0 {
		return nil, err
	}
	return &markers[0], nil
}

// refuse says why the server cannot be used at all.
func (s *Server) refuse(f facts) error {
	if f.Number < minVersion {
		return plane.Faultf(plane.UnsupportedServer, nil, "PostgreSQL, %s: version %s is not supported; 14 or newer is needed, 16 or newer recommended", s.where, f.Version)
	}
	if f.SchemaOwner != "" && !f.OwnsSchema {
		return plane.Faultf(plane.OwnedElsewhere, nil, "PostgreSQL, %s: schema %q belongs to role %q, not to the operator's role %q; another installation "+
			"claimed this database, or the operator's role was replaced (then: REASSIGN OWNED BY %s TO %s)",
			s.where, rows.Schema, f.SchemaOwner, f.Operator, rows.Ident(f.SchemaOwner), rows.Ident(f.Operator))
	}
	return nil
}

// missing names each right that the operator lacks, with the GRANT that gives it.
func (s *Server) missing(f facts, tables []rows.Table) error {
	operator := rows.Ident(f.Operator)
	var grants []string
	if !f.CreateSchema && f.SchemaOwner == "" {
		grants = append(grants, fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", rows.Ident(f.Database), operator))
	}
	if !f.CreateRole {
		grants = append(grants, fmt.Sprintf("ALTER ROLE %s CREATEROLE", operator))
	}
	if !f.Signal {
		grants = append(grants, fmt.Sprintf("GRANT pg_signal_backend TO %s", operator))
	}
	for _, owner := range rows.OwnersToJoin(s.config.Spec, tables) {
		grants = append(grants, fmt.Sprintf("GRANT %s TO %s", rows.Ident(owner), operator))
	}
	if len(grants) == 0 {
		return nil
	}
	return plane.Faultf(plane.MissingRights, nil, "PostgreSQL, %s: role %q lacks rights; as a superuser run: %s; (docs/postgres/operator-role.sql explains each)",
		s.where, f.Operator, strings.Join(grants, "; "))
}

func (s *Server) capabilities(f facts, guard rows.Guard) []string {
	out := []string{rows.GuardNote(guard)}
	if f.Number < 160000 {
		out = append(out, "PostgreSQL before 16: a role with CREATEROLE, as the operator needs it, can give itself any other role's rights, "+
			"those of the server's programs included. Guard its password as a superuser's, or upgrade to 16 or newer.")
	}
	if f.Super {
		out = append(out, "The operator's role is a superuser, which it does not need to be: see docs/postgres/operator-role.sql.")
	}
	return out
}
