// Package rows is the pure part of the Rows layer: how row-level security keeps tenants apart in PostgreSQL.
//
// It turns a Spec or a boundary.Tenant and an observed snapshot into a boundary.Diff whose changes carry SQL. It knows
// names, quoting, the policy, the rights and the functions of the schema "tenantry", and talks to no server.
package rows

import (
	"fmt"
	"slices"
	"strings"
)

// The formats of tenant ids, as Spec.IDFormat says them.
const (
	Text    = "Text"
	UUID    = "UUID"
	Integer = "Integer"
)

// How an application role says which tenant it acts for, as Spec.TenantContext says it.
const (
	// Stamped: only tenantry.use_tenant(id) counts, for one transaction.
	Stamped = "Stamped"
	// Setting: the bare setting app.current_tenant counts.
	Setting = "Setting"
)

// What to do with the tables of a Protect entry, as its Mode says it.
const (
	// Report looks and reports, and changes nothing.
	Report = "Report"
	// Enforce puts row-level security in place.
	Enforce = "Enforce"
)

// AllTables in Protect.Tables stands for every table of the schema that has the tenant column.
const AllTables = "*"

// Schema holds everything that Tenantry writes into a database.
const Schema = "tenantry"

// Spec is what a DataPlane says about its PostgreSQL database.
type Spec struct {
	// Plane is the name of the DataPlane; Installation the UID of the operator's namespace. Both go into role names.
	Plane, Installation string
	// NameKey makes role names unguessable. Only DiffTenant and LoginName need it.
	NameKey []byte
	// IDFormat is Text, UUID or Integer: the type of tenant columns. "" is Text.
	IDFormat string
	// AppRoles are the pooled roles of the application: each may act for every tenant, one per transaction.
	AppRoles []string
	// TenantContext is Stamped or Setting. "" is Stamped.
	TenantContext string
	// Protect selects the tables that carry tenant rows.
	Protect []Protect
	// MaintenanceRoles may bypass row-level security without that being a hazard.
	MaintenanceRoles []string
}

// Protect selects tables of one schema.
type Protect struct {
	Schema string
	// Tables by name, or AllTables alone.
	Tables []string
	// TenantColumn holds the tenant id.
	TenantColumn string
	// Mode is Report or Enforce. "" is Report.
	Mode string
}

// Validate says what in the spec cannot be carried out, nil where everything can.
func (s Spec) Validate() error {
	switch {
	case !slices.Contains([]string{"", Text, UUID, Integer}, s.IDFormat):
		return fmt.Errorf("tenantIDFormat %q is unknown: use Text, UUID or Integer", s.IDFormat)
	case !slices.Contains([]string{"", Stamped, Setting}, s.TenantContext):
		return fmt.Errorf("tenantContext %q is unknown: use Stamped or Setting", s.TenantContext)
	}
	for _, role := range slices.Concat(s.AppRoles, s.MaintenanceRoles) {
		if err := checkName("role", role); err != nil {
			return err
		}
	}
	for _, p := range s.Protect {
		if err := p.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (p Protect) validate() error {
	if slices.Contains([]string{Schema, GuardSchema, "pg_catalog", "information_schema", "pg_toast"}, p.Schema) {
		return fmt.Errorf("schema %q cannot be protected: it holds no tenant rows", p.Schema)
	}
	if !slices.Contains([]string{"", Report, Enforce}, p.Mode) {
		return fmt.Errorf("mode %q of schema %q is unknown: use Report or Enforce", p.Mode, p.Schema)
	}
	for _, name := range append([]string{p.Schema, p.TenantColumn}, p.Tables...) {
		if err := checkName("schema, table or column", name); err != nil {
			return err
		}
	}
	return nil
}

// checkName refuses what PostgreSQL cannot hold, or would cut to another name without saying so.
func checkName(what, name string) error {
	if name == "" || len(name) > 63 || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%q cannot be the name of a %s: PostgreSQL names have 1 to 63 bytes", name, what)
	}
	return nil
}

func (p Protect) enforced() bool { return p.Mode == Enforce }

func (p Protect) all() bool { return slices.Contains(p.Tables, AllTables) }

func (s Spec) setting() bool { return s.TenantContext == Setting }

// Enforces says whether any table is to be enforced.
func (s Spec) Enforces() bool { return slices.ContainsFunc(s.Protect, Protect.enforced) }
