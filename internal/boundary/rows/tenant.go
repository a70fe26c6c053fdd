package rows

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// The states of a row in tenantry.tenants.
const (
	stateActive    = "Active"
	stateSuspended = "Suspended"
	stateRetained  = "Retained"
)

// tenantDiff compares one tenant.
type tenantDiff struct {
	builder
	want  boundary.Tenant
	have  TenantState
	login string // its login role
}

// DiffTenant compares what stands for a tenant with what should. The changes of PhaseOpen may be applied only where the
// plane's own boundary is verified. It fails where the tenant cannot be represented in this plane at all.
func DiffTenant(spec Spec, want boundary.Tenant, have TenantState) (boundary.Diff, error) {
	if err := spec.CheckID(want.ID); err != nil {
		return boundary.Diff{}, err
	}
	if len(spec.NameKey) == 0 {
		return boundary.Diff{}, errors.New("the plane's keys are not known yet, and the names of login roles depend on them")
	}
	if want.Access == boundary.Retained && (have.Claim == nil || have.Claim.UID != want.UID) {
		return boundary.Diff{}, nil // it never held the id: nothing here is its own
	}
	if c := boundary.CheckClaim(have.Claim, want); c != nil {
		return boundary.Diff{Conflict: c}, nil
	}
	d := &tenantDiff{builder: builder{spec: spec, tenant: want.ID}, want: want, have: have, login: LoginName(spec, want.UID, 0)}
	if name := want.Credentials[boundary.Rows].Username; name != "" && name != d.login {
		return boundary.Diff{}, fmt.Errorf("the issued PostgreSQL credential of tenant %q names role %q, but its login role here is %q: "+
			"delete its Secret to have it issued anew", want.ID, name, d.login)
	}
	d.claim()
	d.state()
	d.close()
	for _, name := range d.roleNames() {
		d.role(name)
	}
	return d.done(), nil
}

func (d *tenantDiff) unit() string { return "tenant " + d.want.ID }

func (d *tenantDiff) step(phase boundary.Phase, object string, kind boundary.Kind, s boundary.Severity, summary string) change {
	return change{phase: phase, unit: d.unit(), object: object, kind: kind, severity: s, summary: summary}
}

// closing is a step of what closes the tenant's rows, which commits before anything is mended: see close.
func (d *tenantDiff) closing(object string, kind boundary.Kind, s boundary.Severity, summary string) change {
	c := d.step(boundary.PhaseClose, object, kind, s, summary)
	c.unit += " closing"
	return c
}

// roleNames are the roles to look at: the one that is wanted, those that stand, and those that only have a row.
func (d *tenantDiff) roleNames() []string {
	names := slices.Concat([]string{d.login}, slices.Collect(maps.Keys(d.have.Roles)), slices.Collect(maps.Keys(d.have.Logins)))
	slices.Sort(names)
	return slices.Compact(names)
}

func (d *tenantDiff) claim() {
	object := "claim on tenantID " + d.want.ID
	retained := d.want.Access == boundary.Retained
	switch {
	case d.have.Claim == nil:
		d.do(d.step(boundary.PhaseBuild, object, boundary.Missing, boundary.Warning, "the tenantID is not claimed yet; claim it"), Statement{
			SQL: "INSERT INTO tenantry.claims AS c (tenant_id, uid) VALUES ($1, $2) ON CONFLICT (tenant_id) DO UPDATE SET uid = c.uid " +
				"WHERE c.uid = excluded.uid AND NOT c.tombstone",
			Args:      []any{d.want.ID, d.want.UID},
			Otherwise: fmt.Sprintf("tenantID %q was claimed by another Tenant in the meantime", d.want.ID),
		})
	case retained && !d.have.Claim.Tombstone:
		d.do(d.closing(object, boundary.Changed, boundary.Info, "the Tenant is gone; turn its claim into a tombstone"), Statement{
			SQL:       "UPDATE tenantry.claims SET tombstone = true WHERE tenant_id = $1 AND uid = $2",
			Args:      []any{d.want.ID, d.want.UID},
			Otherwise: fmt.Sprintf("the claim on tenantID %q changed in the meantime", d.want.ID),
		})
	default:
		d.stands(true)
	}
}

// state is what current_tenant() and use_tenant() ask: it is closed first, and opened last.
func (d *tenantDiff) state() {
	want := map[boundary.Access]string{
		boundary.Open: stateActive, boundary.Suspended: stateSuspended, boundary.Retained: stateRetained,
	}[d.want.Access]
	if d.have.State == want {
		d.stands(true)
		return
	}
	if d.have.State == "" {
		initial := want
		if want == stateActive {
			initial = stateSuspended
		}
		d.do(d.stateStep(boundary.PhaseBuild, boundary.Missing, "the tenant is not declared in the database; declare it, closed"), Statement{
			SQL:  "INSERT INTO tenantry.tenants (tenant_id, state) VALUES ($1, $2) ON CONFLICT (tenant_id) DO NOTHING",
			Args: []any{d.want.ID, initial},
		})
	}
	switch {
	case want == stateActive:
		d.do(d.stateStep(boundary.PhaseOpen, boundary.Changed, "the tenant's rows are closed; open them"), d.setState(want))
	case d.have.State != "":
		d.do(d.closing("state of tenant "+d.want.ID, boundary.Changed, boundary.Warning, "the tenant's rows are to be "+strings.ToLower(want)+"; close them"), d.setState(want))
	}
}

func (d *tenantDiff) stateStep(phase boundary.Phase, kind boundary.Kind, summary string) change {
	return d.step(phase, "state of tenant "+d.want.ID, kind, boundary.Warning, summary)
}

func (d *tenantDiff) setState(state string) Statement {
	return Statement{
		SQL:  "UPDATE tenantry.tenants SET state = $2 WHERE tenant_id = $1",
		Args: []any{d.want.ID, state}, Otherwise: fmt.Sprintf("tenant %q is not declared any more", d.want.ID),
	}
}
