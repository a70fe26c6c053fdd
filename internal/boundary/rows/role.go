package rows

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// LoginConnectionLimit is how many connections one tenant's login role may hold, so that it cannot take them all.
const LoginConnectionLimit = 50

// role compares one login role of the tenant: the wanted one, or one that should not be.
func (d *tenantDiff) role(name string) {
	r, stands := d.have.Roles[name]
	switch {
	case !d.wanted(name):
		d.removeRole(name, r, stands)
	case !stands:
		d.createRole(name)
		d.password(name)
	case r.Super:
		d.hazard("tenant-superuser", object(name), boundary.Critical, "a tenant's login role is a superuser, and only a superuser can "+
			"take that away: ALTER ROLE %s NOSUPERUSER NOLOGIN", Ident(name))
	case r.BypassRLS || r.Replication || r.CreateDB:
		d.recreateRole(name, r)
	default:
		d.keepRole(name, r)
	}
}

func object(role string) string { return "role " + role }

const createLogin = "CREATE ROLE %s NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT NOREPLICATION NOBYPASSRLS CONNECTION LIMIT %d IN ROLE %s"

func (d *tenantDiff) createRole(name string) {
	d.do(d.step(boundary.PhaseBuild, object(name), boundary.Missing, boundary.Warning, "the tenant's login role does not stand; make it, unable to log in"),
		sql(createLogin, Ident(name), LoginConnectionLimit, Ident(GroupName(d.spec))), d.record(name))
}

// record writes the row that makes the role its tenant.
func (d *tenantDiff) record(name string) Statement {
	return Statement{
		SQL: "INSERT INTO tenantry.logins AS l (role_name, tenant_id, slot) VALUES ($1, $2, $3) " +
			"ON CONFLICT (role_name) DO UPDATE SET tenant_id = excluded.tenant_id, slot = excluded.slot, fingerprint = ''",
		Args: []any{name, d.want.ID, slices.Index(loginNames(d.spec, d.want.UID), name)},
	}
}

// recreateRole replaces a role whose attributes only a superuser may change: dropping it needs no superuser.
func (d *tenantDiff) recreateRole(name string, r Role) {
	attributes := attributesOf(r)
	if len(r.Holdings) > 0 {
		d.hazard("tenant-attributes", object(name), boundary.Critical, "a tenant's login role has %s and holds %s, so that it cannot be made "+
			"anew; as a superuser run: ALTER ROLE %s NOBYPASSRLS NOREPLICATION NOCREATEDB NOLOGIN", attributes, holdings(r), Ident(name))
		return
	}
	d.do(d.step(boundary.PhaseClose, object(name), boundary.Unexpected, boundary.Critical,
		fmt.Sprintf("the tenant's login role has %s; drop it and make it anew without", attributes)),
		sql("DROP ROLE %s", Ident(name)), Statement{SQL: "DELETE FROM tenantry.logins WHERE role_name = $1", Args: []any{name}})
	d.terminate(name, r)
	d.createRole(name)
	d.password(name)
}

func attributesOf(r Role) string {
	var out []string
	for _, a := range []struct {
		set  bool
		name string
	}{{r.BypassRLS, "BYPASSRLS"}, {r.Replication, "REPLICATION"}, {r.CreateDB, "CREATEDB"}, {r.CreateRole, "CREATEROLE"}} {
		if a.set {
			out = append(out, a.name)
		}
	}
	return strings.Join(out, ", ")
}

func holdings(r Role) string {
	var out []string
	for _, h := range r.Holdings {
		out = append(out, h.Object)
	}
	return strings.Join(out, ", ")
}

// keepRole mends what is not as it should be on the role that stands.
func (d *tenantDiff) keepRole(name string, r Role) {
	before, closing := len(d.diff.Plan), slices.ContainsFunc(d.diff.Plan, func(c boundary.Change) bool { return c.Object == object(name) })
	d.memberships(name, r)
	d.attributes(name, r)
	d.settings(name, r)
	d.grants(name, r)
	row, recorded := d.have.Logins[name]
	switch {
	case !recorded:
		d.do(d.step(boundary.PhaseBuild, object(name), boundary.Missing, boundary.Warning,
			"the login role is not recorded as this tenant's; record it"), d.record(name))
	case row.TenantID != d.want.ID:
		d.do(d.step(boundary.PhaseClose, object(name), boundary.Changed, boundary.Critical,
			"the login role is recorded as tenant "+row.TenantID+", whose rows it reads and writes; record it as this tenant's"), d.record(name))
	}
	d.access(name, r, row)
	d.stands(!closing && len(d.diff.Plan) == before)
}

// access lets the role in where it is to be; see close for the rest.
func (d *tenantDiff) access(name string, r Role, row Login) {
	secret := d.want.Credentials[boundary.Rows].Secret
	if d.opens(name) && (!r.Login || row.Fingerprint != secret.Fingerprint()) {
		d.password(name)
	}
}

// password opens the role, where a credential was made.
func (d *tenantDiff) password(name string) {
	secret := d.want.Credentials[boundary.Rows].Secret
	if d.want.Access != boundary.Open || secret == "" {
		return
	}
	d.op(d.step(boundary.PhaseOpen, object(name), boundary.Changed, boundary.Warning, "the issued password is not set; set it and let the role log in"),
		SetPassword{In: d.unit(), Role: name, Secret: secret})
}

// close takes the password and LOGIN of every role that nobody is to log in as, then ends their sessions, in this order.
// Each closing is a unit of its own and comes before everything that is mended: a mend that fails must not leave a closed
// tenant open, and a role that cannot be altered must not keep the tenant's state open.
func (d *tenantDiff) close() {
	var closed []string
	for _, name := range d.roleNames() {
		r, stands := d.have.Roles[name]
		if !stands || d.opens(name) || powersOf(r) != "" {
			continue // one with powers is made anew or dropped, because only a superuser can alter it
		}
		if r.Login || d.have.Logins[name].Fingerprint != "" {
			d.closeRole(name)
			closed = append(closed, name)
		} else if r.Sessions > 0 {
			closed = append(closed, name)
		}
	}
	for _, name := range closed {
		d.terminate(name, d.have.Roles[name])
	}
}

// wanted says whether the role is the tenant's to have; opens, whether it is to be let in.
func (d *tenantDiff) wanted(name string) bool {
	return name == d.login && d.want.Login && d.want.Access != boundary.Retained
}

func (d *tenantDiff) opens(name string) bool {
	return d.wanted(name) && d.want.Access == boundary.Open && d.want.Credentials[boundary.Rows].Secret != ""
}

func (d *tenantDiff) closeRole(name string) {
	severity, why := boundary.Warning, "the role can log in though the tenant is closed"
	if d.stray(name) {
		severity, why = boundary.Critical, "the role is recorded as this tenant's login but is none of its roles"
	}
	c := d.step(boundary.PhaseClose, object(name), boundary.Changed, severity, why+"; close it")
	c.unit = "closing of " + name
	d.do(c, sql("ALTER ROLE %s NOLOGIN PASSWORD NULL", Ident(name)),
		Statement{SQL: "UPDATE tenantry.logins SET fingerprint = '' WHERE role_name = $1", Args: []any{name}})
}

// stray: recorded as this tenant's login, and not one that the operator made for it.
func (d *tenantDiff) stray(name string) bool {
	return !slices.Contains(loginNames(d.spec, d.want.UID), name)
}

func (d *tenantDiff) terminate(name string, r Role) {
	c := d.step(boundary.PhaseClose, object(name), boundary.Unexpected, boundary.Warning, "sessions of the closed role may be live; end them")
	c.unit = "sessions of " + name
	d.op(c, Terminate{In: c.unit, Role: name, OID: r.OID})
}

// removeRole drops a role that should not stand, and its row. One that holds something is closed and reported instead.
func (d *tenantDiff) removeRole(name string, r Role, stands bool) {
	if _, recorded := d.have.Logins[name]; !stands && !recorded {
		return
	}
	remove := []Statement{{SQL: "DELETE FROM tenantry.logins WHERE role_name = $1", Args: []any{name}}}
	if stands && powersOf(r) != "" {
		d.dropPowerful(name, r)
		return
	}
	if stands {
		d.grants(name, r)
		if kept := slices.DeleteFunc(slices.Clone(r.Holdings), func(h Holding) bool { return !h.Owned && h.Revoke != "" }); len(kept) > 0 {
			d.hazard("login-holds-objects", object(name), boundary.Info, "the login role is closed and not needed any more, but cannot be dropped: "+
				"it holds %s. Reassign them (REASSIGN OWNED BY %s TO …; DROP OWNED BY …), and it goes", holdings(r), Ident(name))
			return
		}
		remove = slices.Insert(remove, 0, sql("DROP ROLE %s", Ident(name)))
	}
	c := d.step(boundary.PhaseRemove, object(name), boundary.Unexpected, boundary.Info, "the login role is not needed any more; drop it")
	c.unit = "removal of " + name
	d.do(c, remove...)
}

// dropPowerful drops a role that nobody is to log in as, at once: only a superuser may take its attributes or its LOGIN.
func (d *tenantDiff) dropPowerful(name string, r Role) {
	if r.Super || len(r.Holdings) > 0 {
		d.hazard("tenant-attributes", object(name), boundary.Critical, "the login role of a tenant that is closed has %s and cannot be dropped; as a superuser run: "+
			"ALTER ROLE %s NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEDB NOLOGIN", powersOf(r), Ident(name))
		return
	}
	c := d.step(boundary.PhaseClose, object(name), boundary.Unexpected, boundary.Critical, "the login role of a tenant that is closed has "+powersOf(r)+"; drop it")
	c.unit = "closing of " + name
	d.do(c, sql("DROP ROLE %s", Ident(name)), Statement{SQL: "DELETE FROM tenantry.logins WHERE role_name = $1", Args: []any{name}})
	d.terminate(name, r)
}
