package rows

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// around: what leads past the protected tables, or away from them.
func (d *planeDiff) around() {
	d.misleading()
	d.replication()
	d.outside()
	d.rules()
	d.applicationRights()
	d.publicSequences()
	d.claims()
}

// replication sends rows of all tenants, past every policy.
func (d *planeDiff) replication() {
	targets := map[string]bool{}
	for _, t := range d.targets() {
		targets[t.display()] = true
	}
	for _, p := range d.have.Around.Publications {
		sent := slices.DeleteFunc(slices.Clone(p.Tables), func(name string) bool { return !targets[name] })
		if len(sent) == 0 {
			continue
		}
		d.hazard("publication", "publication "+p.Name, boundary.Info, "it sends the rows of all tenants of %s to whoever subscribes, past every policy: guard the subscriber like this server, or: "+
			"DROP PUBLICATION %s", few(sent), Ident(p.Name))
	}
	for _, name := range d.have.Around.Replicators {
		if !slices.Contains(d.spec.MaintenanceRoles, name) {
			d.hazard("replication-role", object(name), boundary.Warning, "it has REPLICATION, so that it can copy the whole server: ALTER ROLE %s NOREPLICATION; or list it in maintenanceRoles", Ident(name))
		}
	}
}

// few of many names.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and others"
}

// outside: ways out of the database.
func (d *planeDiff) outside() {
	if names := d.have.Around.Dblink; len(names) > 0 {
		d.hazard("dblink", "extension dblink", boundary.Warning, "tenants may open connections from this server to others and to itself, past the network's rules: "+
			"REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC", strings.Join(names, ", "))
	}
	targets := map[uint32]bool{}
	for _, t := range d.targets() {
		targets[t.OID] = true
	}
	for _, f := range d.have.Around.ForeignTables {
		if !targets[f.OID] { // those among the protected tables are reported as such
			d.hazard("foreign-table-open", "foreign table "+f.Name, boundary.Warning, "tenants may use it, and row-level security cannot protect what is behind it: "+
				"REVOKE ALL ON %s FROM PUBLIC, %s", f.Quoted, Ident(GroupName(d.spec)))
		}
	}
}

// rules run with the rights of their table's owner, which policies hold unless it is a superuser.
func (d *planeDiff) rules() {
	byOID := map[uint32]target{}
	for _, t := range d.targets() {
		byOID[t.OID] = t
	}
	for _, r := range d.have.Around.Rules {
		t, ok := byOID[r.Table]
		if !ok {
			continue
		}
		severity := boundary.Info
		if t.OwnerSuper {
			severity = boundary.Warning
		}
		d.hazard("rule "+r.Name, t.unit(), severity, "its rule %s turns statements of tenants into others, with the rights of %s: DROP RULE %s ON %s; or make it a trigger",
			r.Name, t.Owner, Ident(r.Name), t.quoted())
	}
}

// applicationRights that policies do not hold, on protected tables.
func (d *planeDiff) applicationRights() {
	byRole := map[string]map[string][]string{}
	for _, r := range d.have.Rights {
		if r.Kind != "TABLE" || !slices.Contains(d.spec.AppRoles, r.Grantee) || !slices.Contains([]string{"TRUNCATE", "REFERENCES", "TRIGGER"}, r.Privilege) {
			continue
		}
		if byRole[r.Grantee] == nil {
			byRole[r.Grantee] = map[string][]string{}
		}
		byRole[r.Grantee][r.Object] = append(byRole[r.Grantee][r.Object], r.Privilege)
	}
	for _, t := range d.targets() {
		for _, name := range d.spec.AppRoles {
			if privileges := byRole[name][t.quoted()]; len(privileges) > 0 {
				slices.Sort(privileges)
				list := strings.Join(slices.Compact(privileges), ", ")
				d.hazard("application-rights "+name, t.unit(), boundary.Warning, "the application role %s has %s on it, which no policy holds: REVOKE %s ON %s FROM %s",
					name, list, list, t.quoted(), Ident(name))
			}
		}
	}
}

// publicSequences: whoever may use a sequence learns how fast everybody writes; whoever may set it stops their inserts.
func (d *planeDiff) publicSequences() {
	bySequence := map[string][]string{}
	for _, r := range d.have.Rights {
		if r.Kind == "SEQUENCE" && r.Grantee == "" {
			bySequence[r.Object] = append(bySequence[r.Object], r.Privilege)
		}
	}
	for _, t := range d.targets() {
		for _, s := range t.Sequences {
			privileges := bySequence[s]
			if len(privileges) == 0 {
				continue
			}
			severity := boundary.Info
			if slices.Contains(privileges, "UPDATE") {
				severity = boundary.Warning
			}
			slices.Sort(privileges)
			d.hazard("public-sequence", "sequence "+strings.ReplaceAll(s, `"`, ""), severity, "PUBLIC has %s on it, so that every role can read how fast all tenants write, or spoil their numbers: "+
				"REVOKE ALL ON SEQUENCE %s FROM PUBLIC", strings.Join(slices.Compact(privileges), ", "), s)
		}
	}
}

// claims that somebody edited. What says who is which tenant is mended; what nobody can know is reported.
func (d *planeDiff) claims() {
	for _, c := range d.have.Around.Claims {
		object := "claim on tenantID " + c.TenantID
		if !c.Tombstone {
			d.do(d.step(boundary.PhaseBuild, object, boundary.Changed, boundary.Warning, "the tenant is gone and its rows are retained, but its claim is no tombstone, so that the id could be taken up again; make it one"),
				Statement{SQL: "UPDATE tenantry.claims AS c SET tombstone = true FROM tenantry.tenants t WHERE t.tenant_id = c.tenant_id AND t.state = 'Retained' AND c.tenant_id = $1", Args: []any{c.TenantID}})
			continue
		}
		d.hazard("tombstone-open", object, boundary.Warning, "its claim is a tombstone, but the state of its rows is %s: UPDATE tenantry.tenants SET state = 'Retained' WHERE tenant_id = %s; "+
			"or, where the Tenant stands, UPDATE tenantry.claims SET tombstone = false WHERE tenant_id = %s", c.State, Literal(c.TenantID), Literal(c.TenantID))
	}
	for _, l := range d.have.Around.Strangers {
		d.do(d.step(boundary.PhaseClose, object(l.Role), boundary.Unexpected, boundary.Critical, "it is none of Tenantry's roles, but recorded as the login of tenant "+l.TenantID+"; take the record away"),
			Statement{SQL: "DELETE FROM tenantry.logins WHERE role_name = $1", Args: []any{l.Role}})
	}
}
