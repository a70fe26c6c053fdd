package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// PolicyName is the one policy that Tenantry owns on a protected table.
const PolicyName = "tenant_isolation"

// table compares one protected table, and asks for rights on it where it is fit to have any.
func (d *planeDiff) table(t target) {
	fit := d.fit(t)
	ready := d.ready(t)
	defects, statements := d.defects(t)
	if !t.entry.enforced() {
		d.report(t, defects, statements)
		return
	}
	if len(defects) > 0 && len(statements) > 0 && t.MayAlter {
		kind := boundary.Missing
		if t.RLS {
			kind = boundary.Changed
		}
		d.do(change{
			phase: boundary.PhaseBuild, unit: t.unit(), object: t.unit(), kind: kind, severity: d.severity(t),
			summary: strings.Join(defects, "; ") + "; put row-level security in place",
		}, statements...)
		d.broken[t.quoted()] = true
	}
	if fit && (ready || d.granted(t)) {
		d.tableRights(t)
	}
	d.stands(fit && ready && len(defects) == 0)
}

// report says what Enforce would do.
func (d *planeDiff) report(t target, defects []string, statements []Statement) {
	if len(defects) > 0 {
		d.finding(boundary.Missing, "report-mode", t.unit(), d.severity(t), "%s. The mode of this entry is Report: set it to Enforce, or run: %s",
			strings.Join(defects, "; "), Exec{Statements: statements})
	}
}

// severity of leaving a table unprotected: Critical as soon as a tenant can reach it.
func (d *planeDiff) severity(t target) boundary.Severity {
	for _, r := range d.have.Rights {
		if r.Kind == "TABLE" && r.Object == t.quoted() && (r.Grantee == "" || r.Grantee == GroupName(d.spec)) {
			return boundary.Critical
		}
	}
	return boundary.Warning
}

// defects of the table's row-level security, and the statements that mend them. ENABLE and FORCE are one statement, so that
// the table is never enabled but open to its owner, and an event trigger sees one command.
func (d *planeDiff) defects(t target) (defects []string, mend []Statement) {
	want := d.spec.currentTenant(t.column.Type)
	if want == "" || t.Foreign {
		return nil, nil // reported by fit
	}
	if !t.RLS || !t.Force {
		defects = append(defects, map[bool]string{false: "row-level security is off", true: "row-level security is not forced on the owner"}[t.RLS])
		mend = append(mend, sql("ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", t.quoted()))
	}
	condition := Ident(t.column.Name) + " = " + want
	create := sql("CREATE POLICY %s ON %s AS PERMISSIVE FOR ALL TO PUBLIC USING (%s) WITH CHECK (%s)", PolicyName, t.quoted(), condition, condition)
	i := slices.IndexFunc(t.Policies, func(p Policy) bool { return p.Name == PolicyName })
	switch {
	case i < 0:
		return append(defects, "the policy "+PolicyName+" is missing"), append(mend, create)
	case !t.Policies[i].is(t.column, want):
		return append(defects, "the policy "+PolicyName+" was changed"), append(mend, sql("DROP POLICY %s ON %s", PolicyName, t.quoted()), create)
	}
	return defects, mend
}

// is says whether a policy is the one for a column.
func (p Policy) is(c Column, want string) bool {
	condition := canonical(c.Quoted+" = "+want, c)
	return p.Permissive && p.Public && p.Command == "*" && canonical(p.Using, c) == condition && canonical(p.Check, c) == condition
}

// canonical brings the condition as we write it and as servers of different versions print it to one form. Dropping
// parentheses is safe: there is one operator, and anything added to the condition stays visible.
func canonical(expression string, c Column) string {
	expression = strings.ReplaceAll(expression, c.Quoted, "\x00")
	expression = strings.NewReplacer(" AS current_tenant", "", "::text", "", "(", "", ")", "", " ", "").Replace(expression)
	return strings.ReplaceAll(expression, "\x00", c.Quoted)
}

// fit checks what a table must have for tenants to have rights on it. Rows and columns are never touched: a table that lacks
// something is reported with the SQL that mends it.
func (d *planeDiff) fit(t target) bool {
	fit, severity := true, d.severity(t)
	report := func(check, format string, args ...any) {
		d.hazard(check, t.unit(), severity, format, args...)
		fit = false
	}
	if t.Foreign {
		report("foreign-table", "it is a foreign table, which row-level security cannot protect: give nobody rights on it, or take it out of protect")
		return false
	}
	if !t.MayAlter && t.entry.enforced() {
		report("not-owner", "the operator cannot protect it, because it belongs to %s: %s", t.Owner, d.ownerRemedy(t))
	}
	if want := d.spec.columnTypes(); !slices.Contains(want, t.column.Type) {
		report("tenant-column-type", "its column %s is of type %s, and tenantIDFormat %s demands %s: ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::%s",
			t.column.Name, t.column.Type, orText(d.spec.IDFormat), strings.Join(want, ", "), t.quoted(), Ident(t.column.Name), want[0], Ident(t.column.Name), want[0])
	}
	if t.column.Fuzzy {
		report("tenant-column-collation", "the collation of its column %s takes different ids for equal: ALTER TABLE %s ALTER COLUMN %s TYPE %s COLLATE \"C\"",
			t.column.Name, t.quoted(), Ident(t.column.Name), t.column.Type)
	}
	return d.fitPolicies(t) && fit
}

func orText(format string) string {
	if format == "" {
		return Text
	}
	return format
}

func (d *planeDiff) ownerRemedy(t target) string {
	if t.OwnerSuper {
		return fmt.Sprintf("ALTER TABLE %s OWNER TO the role that owns your other tables, and GRANT that role TO %s", t.quoted(), Ident(d.have.Server.Operator))
	}
	return fmt.Sprintf("GRANT %s TO %s", Ident(t.Owner), Ident(d.have.Server.Operator))
}

// ready checks what a table must have before tenants get rights on it, and does not lose them for: nothing of anybody's is
// reached without it, and taking rights away would be an outage.
func (d *planeDiff) ready(t target) bool {
	if len(t.PartitionOf) > 0 {
		return true // reached through its parent, which is checked
	}
	ready := true
	report := func(check, format string, args ...any) {
		d.hazard(check, t.unit(), boundary.Warning, format, args...)
		ready = false
	}
	if !t.column.NotNull {
		report("tenant-column-nullable", "its column %s may be NULL, and such rows belong to nobody. Fill it, then run: ALTER TABLE %s ALTER COLUMN %s SET NOT NULL",
			t.column.Name, t.quoted(), Ident(t.column.Name))
	}
	if !t.column.Leads {
		report("tenant-column-index", "no index begins with its column %s, so that every query of a tenant reads the rows of all: "+
			"CREATE INDEX CONCURRENTLY ON %s (%s)", t.column.Name, t.quoted(), Ident(t.column.Name))
	}
	return ready
}

// granted says whether tenants have rights on the table already.
func (d *planeDiff) granted(t target) bool {
	return d.has(rightKey{"TABLE", t.quoted(), "", "SELECT", GroupName(d.spec)})
}
