package rows

import (
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// fitPolicies looks at the policies beside ours. It says whether tenants may have rights on the table.
func (d *planeDiff) fitPolicies(t target) bool {
	fit := true
	for _, p := range t.Policies {
		if p.Name == PolicyName {
			continue
		}
		d.asks(t, p)
		switch {
		case !p.Permissive:
			d.inert(t, p)
		case slices.Contains(p.Reaches, GroupName(d.spec)) || p.Public:
			fit = false
			d.hazard("other-policy "+p.Name, t.unit(), boundary.Critical, "its policy %s lets through rows that %s does not, because permissive policies add up; "+
				"tenants have no rights on the table while it stands: DROP POLICY %s ON %s; or make it restrictive", p.Name, PolicyName, Ident(p.Name), t.quoted())
		case len(p.Reaches) > 0:
			d.hazard("other-policy "+p.Name, t.unit(), boundary.Warning, "its policy %s lets %s through to rows that %s does not, because permissive policies add up: "+
				"DROP POLICY %s ON %s; or make it restrictive", p.Name, strings.Join(p.Reaches, ", "), PolicyName, Ident(p.Name), t.quoted())
		default:
			d.policyForOthers(t, p)
		}
	}
	return fit
}

// policyForOthers: a policy for roles that have nothing to do with tenants. Maintenance roles may have one.
func (d *planeDiff) policyForOthers(t target, p Policy) {
	var others, exempt []string
	for _, r := range p.Roles {
		switch {
		case r.Exempt:
			exempt = append(exempt, r.Name)
		case !slices.Contains(d.spec.MaintenanceRoles, r.Name):
			others = append(others, r.Name)
		}
	}
	if len(others) > 0 {
		d.hazard("policy-for-others "+p.Name, t.unit(), boundary.Info, "its policy %s lets %s through to rows of several tenants: DROP POLICY %s ON %s; "+
			"or list the role in maintenanceRoles", p.Name, strings.Join(others, ", "), Ident(p.Name), t.quoted())
	}
	if len(exempt) > 0 {
		d.hazard("policy-for-exempt "+p.Name, t.unit(), boundary.Info, "its policy %s is for %s, whom no policy holds, so that it says what is not so: "+
			"DROP POLICY %s ON %s; or take BYPASSRLS from the role", p.Name, strings.Join(exempt, ", "), Ident(p.Name), t.quoted())
	}
}

// inert: a restrictive policy that lets everything through restricts nothing.
func (d *planeDiff) inert(t target, p Policy) {
	if (p.Using == "true" || p.Using == "") && (p.Check == "true" || p.Check == "") {
		d.hazard("policy-inert "+p.Name, t.unit(), boundary.Info, "its restrictive policy %s lets every row through, so that it only looks like a restriction: DROP POLICY %s ON %s",
			p.Name, Ident(p.Name), t.quoted())
	}
}

// asks: what a policy asks is part of it.
func (d *planeDiff) asks(t target, p Policy) {
	if len(p.Bare) > 0 {
		d.hazard("policy-asks-bare "+p.Name, t.unit(), boundary.Info, "its policy %s asks tables without row-level security (%s), so that whoever may write there decides "+
			"who sees what: DROP POLICY %s ON %s; or protect those tables", p.Name, strings.Join(p.Bare, ", "), Ident(p.Name), t.quoted())
	}
	if len(p.Volatile) > 0 {
		d.hazard("policy-volatile "+p.Name, t.unit(), boundary.Info, "its policy %s calls a VOLATILE function once for every row: ALTER FUNCTION %s STABLE; "+
			"where it changes nothing, and write the call as (SELECT …)", p.Name, p.Volatile[0])
	}
}
