package rows

import (
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
)

// oracles: constraints look at the rows of all tenants, whatever policies say, and tell the outcome.
func (d *planeDiff) oracles() {
	byOID := map[uint32]target{}
	for _, t := range d.targets() {
		byOID[t.OID] = t
	}
	for _, o := range d.have.Oracles {
		t, ok := byOID[o.Table]
		if !ok || slices.Contains(o.Columns, t.column.Name) && !o.Reference {
			continue
		}
		if !o.Reference {
			d.unique(t, o)
		} else if parent, ok := byOID[o.Parent]; ok {
			d.reference(t, parent, o)
		}
	}
}

// unique: whoever can write a value learns whether somebody has it. Numbers that a sequence deals out cannot be chosen, and
// a UUID cannot be guessed.
func (d *planeDiff) unique(t target, o Oracle) {
	if slices.ContainsFunc(o.Columns, func(name string) bool { return unguessable(t.Table, name) }) {
		return
	}
	var columns []string
	for _, name := range o.Columns {
		if name != "" {
			columns = append(columns, name)
		}
	}
	d.hazard("unique-oracle "+o.Name, t.unit(), boundary.Warning, "its unique index %s leaves %s out, so that an insert that fails tells a tenant that another one has the value, and keeps it from having it: "+
		"CREATE UNIQUE INDEX ON %s (%s); then drop %s", o.Name, t.column.Name, t.quoted(), idents(slices.Concat([]string{t.column.Name}, columns)), Ident(o.Name))
}

func unguessable(t Table, column string) bool {
	c, ok := t.column(column)
	return ok && (c.Drawn || c.Type == "uuid")
}

// reference: a foreign key that does not hold the tenant column on both sides accepts rows of other tenants.
func (d *planeDiff) reference(t, parent target, o Oracle) {
	i := slices.Index(o.Columns, t.column.Name)
	if i >= 0 && i < len(o.Parents) && o.Parents[i] == parent.column.Name {
		return
	}
	severity := boundary.Warning
	if slices.ContainsFunc(o.Parents, func(name string) bool { c, ok := parent.Table.column(name); return ok && c.Type == "uuid" }) {
		severity = boundary.Info
	}
	columns, parents := slices.Concat([]string{t.column.Name}, o.Columns), slices.Concat([]string{parent.column.Name}, o.Parents)
	d.hazard("reference-oracle "+o.Name, t.unit(), severity, "its foreign key %s to %s leaves the tenant out, so that a tenant learns whether a row of another one exists, and keeps it from being deleted: "+
		"ALTER TABLE %s DROP CONSTRAINT %s, ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s); which needs a unique index on (%s) there",
		o.Name, parent.display(), t.quoted(), Ident(o.Name), Ident(o.Name), idents(columns), parent.quoted(), idents(parents), idents(parents))
}
