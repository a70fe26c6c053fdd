package rows

import "fmt"

// Protected is a table whose rows the policies keep apart, as a probe needs it.
type Protected struct {
	// Display is schema.table, for messages; Quoted is the same in SQL.
	Display, Quoted string
	column, kind    string
}

// ProtectedTables are the tables that a tenant's login is tried on: those of enforced entries, in the order of the snapshot,
// and the ledger. Partitions are left out: tenants reach them through their parents. So is a table without an index led by
// the tenant column, which is a finding: a probe would read it from end to end.
func ProtectedTables(spec Spec, have PlaneState) []Protected {
	d := &planeDiff{builder: builder{spec: spec}, have: have}
	var out []Protected
	for _, t := range d.targets() {
		if t.entry.enforced() && len(t.PartitionOf) == 0 && t.column.Leads && spec.currentTenant(t.column.Type) != "" {
			out = append(out, Protected{Display: t.display(), Quoted: t.quoted(), column: Ident(t.column.Name), kind: t.column.Type})
		}
	}
	if have.Server.SchemaVersion >= 2 {
		out = append(out, Protected{Display: Schema + ".ai_usage_logs", Quoted: Qualified(Schema, "ai_usage_logs"), column: "tenant_id", kind: "text"})
	}
	return out
}

// Sight asks in one row of two booleans whether a row of the tenant's own can be seen, and whether one of anybody else's
// can. Both stop at the first row. With the policy in force, the conditions of the second contradict it: an index led by the
// tenant column answers without reading a row. Without the policy the first row of somebody else's answers.
func (p Protected) Sight(tenantID string) string {
	id := Literal(tenantID) + "::" + p.kind
	return fmt.Sprintf("SELECT EXISTS (SELECT FROM %[1]s WHERE %[2]s = %[3]s), "+
		"EXISTS (SELECT FROM %[1]s WHERE %[2]s < %[3]s) OR EXISTS (SELECT FROM %[1]s WHERE %[2]s > %[3]s)", p.Quoted, p.column, id)
}

// MayRead asks whether the session has the right to read the tenant column, the only one that Sight names. Without it, and only
// then, being refused for want of a right says something: a policy can raise the same SQLSTATE.
func (p Protected) MayRead() string {
	return fmt.Sprintf("SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = %s::pg_catalog.regclass AND "+
		"pg_catalog.quote_ident(a.attname) = pg_catalog.quote_ident((pg_catalog.parse_ident(%s))[1]) AND "+
		"pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'))", Literal(p.Quoted), Literal(p.column))
}
