package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// memberships: the role is a member of the group and of nothing else, and nobody is a member of it.
func (d *tenantDiff) memberships(name string, r Role) {
	group := GroupName(d.spec)
	if !slices.Contains(r.MemberOf, group) {
		d.do(d.step(boundary.PhaseBuild, object(name), boundary.Missing, boundary.Warning, "the login role is not a member of the tenants' group; add it"),
			sql("GRANT %s TO %s", Ident(group), Ident(name)))
	}
	if slices.Contains(r.Admin, group) {
		d.do(d.step(boundary.PhaseClose, object(name), boundary.Unexpected, boundary.Critical, "the login role may pass the tenants' group on; take that away"),
			sql("REVOKE ADMIN OPTION FOR %s FROM %s CASCADE", Ident(group), Ident(name)))
	}
	for _, other := range r.MemberOf {
		if other == group {
			continue
		}
		d.do(d.step(boundary.PhaseClose, object(name), boundary.Unexpected, boundary.Critical,
			fmt.Sprintf("the login role is a member of %s; take that away", other)), sql("REVOKE %s FROM %s CASCADE", Ident(other), Ident(name)))
	}
	for _, member := range r.Members {
		d.do(d.step(boundary.PhaseClose, object(name), boundary.Unexpected, boundary.Warning,
			fmt.Sprintf("role %s is a member of the login role; take that away", member)), sql("REVOKE %s FROM %s CASCADE", Ident(name), Ident(member)))
	}
}

// attributes that need no superuser.
func (d *tenantDiff) attributes(name string, r Role) {
	var alter []string
	severity := boundary.Warning
	if r.CreateRole {
		alter, severity = append(alter, "NOCREATEROLE"), boundary.Critical
	}
	if !r.Inherit {
		alter = append(alter, "INHERIT")
	}
	if r.ConnLimit != LoginConnectionLimit {
		alter = append(alter, fmt.Sprintf("CONNECTION LIMIT %d", LoginConnectionLimit))
	}
	if r.Expires {
		alter = append(alter, "VALID UNTIL 'infinity'")
	}
	if len(alter) == 0 {
		return
	}
	d.do(d.step(boundary.PhaseBuild, object(name), boundary.Changed, severity, "the login role's attributes were changed; set "+strings.Join(alter, ", ")),
		sql("ALTER ROLE %s %s", Ident(name), strings.Join(alter, " ")))
}

// settings: a role may give itself settings, which every later session of it begins with.
func (d *tenantDiff) settings(name string, r Role) {
	var reset []Statement
	for _, database := range r.SettingsIn {
		where := ""
		if database != "" {
			where = " IN DATABASE " + Ident(database)
		}
		reset = append(reset, sql("ALTER ROLE %s%s RESET ALL", Ident(name), where))
	}
	if len(reset) > 0 {
		d.do(d.step(boundary.PhaseBuild, object(name), boundary.Unexpected, boundary.Info, "the login role has settings of its own; reset them"), reset...)
	}
}

// sharing: what tenants' logins make they can share with any role, under any name, as often as they like. So the words about
// it never change, and only whoever shares gets a warning.
func (d *tenantDiff) sharing(name string, r Role) {
	if r.Shares {
		d.finding(boundary.Unexpected, "login-shares", object(name), boundary.Warning,
			"the login role gave other roles rights on large objects or temporary objects of its own; as a superuser run: SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE lomowner = %s::regrole; "+
				"and end its sessions, which drops temporary objects", Literal(Ident(name)))
	}
	if r.Shared {
		d.finding(boundary.Unexpected, "login-granted shared", object(name), boundary.Info,
			"the login role has rights on objects that another tenant's login made and shared; nothing else is reached through them, and the tenant that shares them is warned about")
	}
	if r.Crowded {
		d.finding(boundary.Unexpected, "login-crowded", object(name), boundary.Info,
			"the login role owns or was given more than is looked at, such as large objects; its rights in this database on what no tenant can make are all read, those in other databases may not be: "+
				"SELECT * FROM pg_shdepend WHERE refobjid = %s::regrole", Literal(Ident(name)))
	}
}

// grants: a login role has every right through its group, and owns nothing.
func (d *tenantDiff) grants(name string, r Role) {
	d.sharing(name, r)
	for _, h := range r.Holdings {
		switch {
		case h.Owned && h.Relation:
			d.finding(boundary.Unexpected, "login-owns "+h.Object, object(name), boundary.Critical,
				"the login role owns %s: an owner may switch row-level security off; as a superuser run: REASSIGN OWNED BY %s TO the role that owns your other tables", h.Object, Ident(name))
		case h.Owned:
			d.finding(boundary.Unexpected, "login-owns "+h.Object, object(name), boundary.Warning,
				"the login role owns %s, which Tenantry did not make and does not drop: reassign or drop it", h.Object)
		case h.Revoke == "":
			d.finding(boundary.Unexpected, "login-granted "+h.Object, object(name), boundary.Critical,
				"the login role has rights of its own on %s, which the operator may not take away: as the grantor run REVOKE ALL ON … FROM %s", h.Object, Ident(name))
		default:
			d.do(d.step(boundary.PhaseClose, object(name), boundary.Unexpected, boundary.Critical,
				fmt.Sprintf("the login role has rights of its own on %s; take them away", h.Object)), sql("REVOKE ALL ON %s FROM %s CASCADE", h.Revoke, Ident(name)))
		}
	}
}
