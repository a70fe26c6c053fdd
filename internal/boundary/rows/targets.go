package rows

import (
	"slices"

	"github.com/tenantry/tenantry/internal/boundary"
)

// target is a table that the spec protects.
type target struct {
	Table
	entry  Protect
	column Column
	// inherited: it is protected because what it inherits from is. Tenants have no rights on it.
	inherited bool
}

func (t Table) quoted() string { return Qualified(t.Schema, t.Name) }

func (t Table) display() string { return t.Schema + "." + t.Name }

func (t Table) unit() string { return "table " + t.display() }

func (t Table) column(name string) (Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Targets are the tables that a spec selects, in the order of the snapshot. The first entry that selects a table counts.
func Targets(spec Spec, have PlaneState) []Table {
	d := &planeDiff{builder: builder{spec: spec}, have: have}
	var out []Table
	for _, t := range d.targets() {
		out = append(out, t.Table)
	}
	return out
}

// targets are the tables that the spec selects; what it names in vain is reported once.
func (d *planeDiff) targets() []target {
	if d.found == nil {
		d.found = d.findTargets()
	}
	return d.found
}

func (d *planeDiff) findTargets() []target {
	byOID := map[uint32]target{}
	for _, entry := range d.spec.Protect {
		for _, t := range d.selected(entry) {
			if first, twice := byOID[t.OID]; !twice {
				byOID[t.OID] = t
			} else if first.entry.TenantColumn != entry.TenantColumn {
				d.hazard("two-tenant-columns", t.unit(), boundary.Warning, "two entries of protect select it, with the tenant columns %s and %s; "+
					"the first counts: list the tables by name", first.entry.TenantColumn, entry.TenantColumn)
			}
		}
	}
	out := []target{}
	for _, t := range d.have.Tables {
		if found, ok := byOID[t.OID]; ok {
			out = append(out, found)
		}
	}
	return out
}

// selected are the tables of one entry and their partitions, and reports what it names in vain.
func (d *planeDiff) selected(entry Protect) []target {
	var out []target
	for _, name := range entry.Tables {
		if name != AllTables {
			out = append(out, d.named(entry, name)...)
		}
	}
	if entry.all() {
		out = d.everyTable(entry)
	}
	return append(out, d.partitions(entry, out)...)
}

func (d *planeDiff) named(entry Protect, name string) []target {
	i := slices.IndexFunc(d.have.Tables, func(t Table) bool { return t.Schema == entry.Schema && t.Name == name })
	if i < 0 {
		d.hazard("table-missing", "table "+entry.Schema+"."+name, boundary.Warning, "protect names it, but it does not exist: create it, or take it out of protect")
		return nil
	}
	t := d.have.Tables[i]
	c, ok := t.column(entry.TenantColumn)
	if !ok {
		d.hazard("tenant-column-missing", t.unit(), boundary.Warning, "it has no column %s, so that its rows belong to nobody and it stays unprotected: "+
			"ALTER TABLE %s ADD COLUMN %s %s NOT NULL, or take it out of protect",
			entry.TenantColumn, t.quoted(), Ident(entry.TenantColumn), d.spec.columnTypes()[0])
		return nil
	}
	return []target{{Table: t, entry: entry, column: c}}
}

func (d *planeDiff) everyTable(entry Protect) []target {
	var out []target
	for _, t := range d.have.Tables {
		if c, ok := t.column(entry.TenantColumn); ok && t.Schema == entry.Schema {
			out = append(out, target{Table: t, entry: entry, column: c})
		}
	}
	if len(out) == 0 {
		d.hazard("no-tables "+entry.TenantColumn, "schema "+entry.Schema, boundary.Warning, "no table of it has a column %s, so that this entry of protect protects nothing: "+
			"check the names of schema and column", entry.TenantColumn)
	}
	return out
}

// partitions of the selected tables and what inherits from them, wherever they are: one that is reached directly obeys its own
// policies only.
func (d *planeDiff) partitions(entry Protect, of []target) []target {
	var out []target
	for _, t := range d.have.Tables {
		c, ok := t.column(entry.TenantColumn)
		below := func(parent target) bool {
			return slices.Contains(t.PartitionOf, parent.OID) || slices.Contains(t.ChildOf, parent.OID)
		}
		if ok && slices.ContainsFunc(of, below) {
			inherited := !slices.ContainsFunc(of, func(s target) bool { return s.OID == t.OID })
			out = append(out, target{Table: t, entry: entry, column: c, inherited: inherited})
		}
	}
	return out
}
