package rows

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// rightKey is what makes two rights the same, whoever gave them.
type rightKey struct{ kind, object, column, privilege, grantee string }

func (r Right) key() rightKey { return rightKey{r.Kind, r.Object, r.Column, r.Privilege, r.Grantee} }

type wantedRight struct {
	rightKey
	unit string
	// grantable: the operator can give it.
	grantable bool
}

func (d *planeDiff) want(unit, kind, object, grantee string, grantable bool, privileges ...string) {
	for _, p := range privileges {
		d.rights = append(d.rights, wantedRight{rightKey{kind, object, "", p, grantee}, unit, grantable})
	}
}

// tableRights: tenants get nothing that lets them LOCK a table against each other (DELETE and table-wide UPDATE do), and no
// right to the tenant column of a row that stands. Nor may they choose or change numbers that a sequence deals out: a tenant
// that takes those to come makes every insert of the others fail. Partitions are reached through their parent.
func (d *planeDiff) tableRights(t target) {
	if len(t.PartitionOf) > 0 || t.inherited || !t.MayAlter {
		return
	}
	group, apps := GroupName(d.spec), AppsName(d.spec)
	d.want(t.unit(), "TABLE", t.quoted(), apps, true, "SELECT", "INSERT", "UPDATE", "DELETE")
	for _, s := range t.Sequences {
		d.want(t.unit(), "SEQUENCE", s, apps, true, "USAGE")
	}
	d.schemaRight(t.Schema)
	if r := d.have.Roles[group]; powersOf(r) != "" {
		return // reported; whoever can become the group would not be stopped by policies
	}
	d.want(t.unit(), "TABLE", t.quoted(), group, true, "SELECT")
	for _, c := range t.Columns {
		own := c.Name == t.column.Name
		if own || !c.Drawn {
			d.rights = append(d.rights, wantedRight{rightKey{"TABLE", t.quoted(), c.Name, "INSERT", group}, t.unit(), true})
		}
		if !own && !c.Drawn {
			d.rights = append(d.rights, wantedRight{rightKey{"TABLE", t.quoted(), c.Name, "UPDATE", group}, t.unit(), true})
		}
	}
	for _, s := range t.Sequences {
		d.want(t.unit(), "SEQUENCE", s, group, true, "USAGE")
	}
}

func (d *planeDiff) schemaRight(schema string) {
	s := d.have.Schemas[schema]
	for _, grantee := range []string{GroupName(d.spec), AppsName(d.spec)} {
		w := wantedRight{rightKey{"SCHEMA", Ident(schema), "", "USAGE", grantee}, PlaneUnit, s.MayGrant}
		if !slices.Contains(d.rights, w) {
			d.rights = append(d.rights, w)
		}
	}
	if !s.MayGrant && !s.PublicUsage && !d.has(rightKey{"SCHEMA", Ident(schema), "", "USAGE", GroupName(d.spec)}) {
		d.hazard("schema-usage", "schema "+schema, boundary.Info, "tenants cannot reach it, and the operator may not let them in: GRANT USAGE ON SCHEMA %s TO %s, %s",
			Ident(schema), Ident(GroupName(d.spec)), Ident(AppsName(d.spec)))
	}
}

func (d *planeDiff) has(k rightKey) bool {
	return slices.ContainsFunc(d.have.Rights, func(r Right) bool { return r.key() == k })
}

// commonRights are those that do not depend on any table.
func (d *planeDiff) commonRights() {
	for _, grantee := range []string{GroupName(d.spec), AppsName(d.spec)} {
		d.want(PlaneUnit, "SCHEMA", Ident(Schema), grantee, true, "USAGE")
		d.want(PlaneUnit, "DATABASE", Ident(d.have.Server.Database), grantee, d.have.Server.MayGrantConnect, "CONNECT")
	}
	// A tenant may read what it spent: its own rows, as the ledger's policy says.
	for _, grantee := range []string{GroupName(d.spec), AppsName(d.spec)} {
		d.want(PlaneUnit, "TABLE", Qualified(Schema, "ai_usage_logs"), grantee, true, "SELECT")
	}
	for _, f := range d.spec.functions() {
		if f.tenants {
			d.want(PlaneUnit, "FUNCTION", Schema+"."+f.name, GroupName(d.spec), true, "EXECUTE")
		}
		if f.apps {
			d.want(PlaneUnit, "FUNCTION", Schema+"."+f.name, AppsName(d.spec), true, "EXECUTE")
		}
	}
	// Whoever queries a protected table calls it; without EXECUTE the table's owner would read "permission denied for
	// function" instead of what to do. It tells nobody anything that session_user does not.
	d.want(PlaneUnit, "FUNCTION", currentTenantName, "", true, "EXECUTE")
}

// managed says whether a right is ours to take away: what the groups have, and what anybody has on the schema tenantry.
func (d *planeDiff) managed(r Right) bool {
	if r.Grantee == GroupName(d.spec) || r.Grantee == AppsName(d.spec) {
		return true
	}
	return r.Object == Ident(Schema) || strings.HasPrefix(r.Object, Ident(Schema)+".") || strings.HasPrefix(r.Object, Schema+".")
}

// diffRights revokes what is not wanted, first, and grants what is missing, last.
func (d *planeDiff) diffRights() {
	want := map[rightKey]wantedRight{}
	for _, w := range d.rights {
		want[w.rightKey] = w
	}
	have := map[rightKey]bool{}
	var revoke, missing []wantedRight
	for _, r := range d.have.Rights {
		w, wanted := want[r.key()]
		switch {
		case !d.managed(r) || d.keptOnDatabase(r):
		case wanted && !r.Grantable && !d.broken[r.Object]:
			have[r.key()] = true
		case !r.MayRevoke:
			have[r.key()] = wanted
			d.strange(r)
		default:
			if !wanted {
				w = wantedRight{rightKey: r.key(), unit: d.unitOf(r)}
			}
			revoke = append(revoke, w)
		}
	}
	takeAlong(have, revoke)
	for k, w := range want {
		d.stands(have[k])
		if !have[k] && w.grantable {
			missing = append(missing, w)
		}
	}
	d.perObject(revoke, d.revoke)
	d.perObject(missing, d.grant)
}

// takeAlong forgets what goes with the rights that are revoked: taking a privilege on a table away takes it from each of its
// columns too.
func takeAlong(have map[rightKey]bool, revoke []wantedRight) {
	for _, w := range revoke {
		maps.DeleteFunc(have, func(k rightKey, _ bool) bool {
			return w.column == "" && k.column != "" && k == rightKey{w.kind, w.object, k.column, w.privilege, w.grantee}
		})
	}
}

// keptOnDatabase: whatever else the platform lets application roles do with the database, such as TEMPORARY, is its own affair.
func (d *planeDiff) keptOnDatabase(r Right) bool {
	return r.Kind == "DATABASE" && r.Grantee == AppsName(d.spec) && r.Privilege == "TEMPORARY"
}

func (d *planeDiff) unitOf(r Right) string {
	if r.Kind == "TABLE" {
		for _, t := range d.have.Tables {
			if t.quoted() == r.Object {
				return t.unit()
			}
		}
	}
	return PlaneUnit
}

// strange reports a right that only whoever gave it can take away.
func (d *planeDiff) strange(r Right) {
	severity := boundary.Warning
	if r.Grantee != AppsName(d.spec) && r.Kind == "TABLE" && !strings.HasPrefix(r.Grantor, Prefix(d.spec)) {
		severity = boundary.Critical // what a tenant's login gave is its own: it must not be able to raise the alarm for all
	}
	d.finding(boundary.Unexpected, "right "+r.Privilege+" "+r.Column, grantee(r.Grantee)+" on "+words(r.Kind, r.Object), severity,
		"it has %s, given by %s, which the operator may not take away: SET ROLE %s; REVOKE ALL ON %s %s FROM %s CASCADE",
		r.Privilege, r.Grantor, Ident(r.Grantor), r.Kind, r.Object, granteeSQL(r.Grantee))
}

func words(kind, object string) string {
	return strings.ToLower(kind) + " " + strings.ReplaceAll(object, `"`, "")
}

func grantee(name string) string {
	if name == "" {
		return "PUBLIC"
	}
	return "role " + name
}

func granteeSQL(name string) string {
	if name == "" {
		return "PUBLIC"
	}
	return Ident(name)
}

// perObject groups rights by object and grantee, those of the plane as a whole first.
func (d *planeDiff) perObject(rights []wantedRight, emit func(group []wantedRight)) {
	slices.SortFunc(rights, func(a, b wantedRight) int {
		return cmp.Or(
			cmp.Compare(rank(a.unit), rank(b.unit)), cmp.Compare(a.unit, b.unit), cmp.Compare(a.kind, b.kind), cmp.Compare(a.object, b.object),
			cmp.Compare(a.grantee, b.grantee), cmp.Compare(a.column, b.column), cmp.Compare(a.privilege, b.privilege),
		)
	})
	for len(rights) > 0 {
		first := rights[0]
		n := slices.IndexFunc(rights, func(w wantedRight) bool {
			return w.object != first.object || w.grantee != first.grantee || w.kind != first.kind
		})
		if n < 0 {
			n = len(rights)
		}
		emit(rights[:n])
		rights = rights[n:]
	}
}

func rank(unit string) int {
	if unit == PlaneUnit {
		return 0
	}
	return 1
}

// privilegeList is "SELECT, INSERT, UPDATE ("a", "b")".
func privilegeList(group []wantedRight) string {
	var whole []string
	columns := map[string][]string{}
	for _, w := range group {
		if w.column == "" {
			whole = append(whole, w.privilege)
		} else {
			columns[w.privilege] = append(columns[w.privilege], w.column)
		}
	}
	for _, privilege := range slices.Sorted(maps.Keys(columns)) {
		whole = append(whole, fmt.Sprintf("%s (%s)", privilege, idents(columns[privilege])))
	}
	return strings.Join(slices.Compact(whole), ", ")
}

func (d *planeDiff) revoke(group []wantedRight) {
	first := group[0]
	kind, severity := boundary.Unexpected, boundary.Warning
	if first.kind == "TABLE" && first.grantee != AppsName(d.spec) {
		severity = boundary.Critical
	}
	summary := fmt.Sprintf("%s has %s, which nothing here asks for; take it away", grantee(first.grantee), privilegeList(group))
	if d.broken[first.object] {
		summary = fmt.Sprintf("%s can reach the table while it is not protected; take %s away until it is", grantee(first.grantee), privilegeList(group))
	}
	d.do(change{phase: boundary.PhaseClose, unit: first.unit, object: words(first.kind, first.object), kind: kind, severity: severity, summary: summary},
		sql("REVOKE %s ON %s %s FROM %s CASCADE", privilegeList(group), first.kind, first.object, granteeSQL(first.grantee)))
}

func (d *planeDiff) grant(group []wantedRight) {
	first := group[0]
	d.do(change{
		phase: boundary.PhaseOpen, unit: first.unit, object: words(first.kind, first.object), kind: boundary.Missing, severity: boundary.Info,
		summary: fmt.Sprintf("%s lacks %s; grant it", grantee(first.grantee), privilegeList(group)),
	}, sql("GRANT %s ON %s %s TO %s", privilegeList(group), first.kind, first.object, granteeSQL(first.grantee)))
}
