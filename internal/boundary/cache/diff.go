package cache

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// DiffTenant compares one tenant's users, claims and saved state on the nodes that were read. hazards are those that
// the snapshot of the whole plane knows of, see Hazards.
func (s Spec) DiffTenant(nodes []Node, t boundary.Tenant) boundary.Diff {
	if c := conflict(nodes, t); c != nil {
		return boundary.Diff{Conflict: c}
	}
	d := differ{spec: s, tenant: t, name: UserName(t.ID)}
	if t.Access == boundary.Retained {
		d.retire(nodes)
	} else {
		d.keep(nodes)
	}
	d.out.Plan.Sort()
	return d.out
}

// DiffPlane compares the application's user, puts back tombstones that a primary has lost and another still holds, and
// clears records of nodes that are gone if complete says that nodes are all there are. Hazards come from FindHazards.
func (s Spec) DiffPlane(nodes []Node, complete bool) boundary.Diff {
	d := differ{spec: s, name: s.AppUser}
	for i := range nodes {
		if s.AppUser != "" {
			d.user(&nodes[i], s.appUser(&nodes[i]), s.appShape(&nodes[i]))
		}
		if complete && nodes[i].Home == nodes[i].Name {
			d.forgetGone(&nodes[i], nodes)
		}
		if nodes[i].Home == nodes[i].Name {
			d.tombstones(&nodes[i], nodes)
		}
	}
	d.out.Plan.Sort()
	return d.out
}

// conflict is the first claim in the order of the nodes that refuses t.
func conflict(nodes []Node, t boundary.Tenant) *boundary.Conflict {
	for i := range nodes {
		standing, ok := nodes[i].Claims[t.ID]
		if !ok {
			continue
		}
		if t.Access == boundary.Retained && standing.UID != t.UID {
			continue // not ours to close; DiffTenant leaves these nodes alone
		}
		if c := boundary.CheckClaim(&standing, t); c != nil {
			c.Message += "; the claim stands in " + ClaimsKey + " on " + nodes[i].Name
			return c
		}
	}
	return nil
}

// forgetGone clears records of nodes that are no longer part of the plane, such as pods that got another address.
func (d *differ) forgetGone(n *Node, nodes []Node) {
	var gone []string
	for _, field := range slices.Sorted(maps.Keys(n.Saved)) {
		at := strings.LastIndexByte(field, '@')
		if !slices.ContainsFunc(nodes, func(o Node) bool { return o.Name == field[at+1:] }) {
			gone = append(gone, field)
		}
	}
	if len(gone) > 0 {
		d.add(boundary.PhaseRemove, boundary.Unexpected, boundary.Info, "key "+SavedKey+" on "+n.Name,
			ForgetSaves{Node: n.Name, Fields: gone}, fmt.Sprintf("%d records speak of nodes that are gone; clear them", len(gone)))
	}
}

// tombstones puts back those that a primary lost with its data: nobody else asks for tenants that are gone.
func (d *differ) tombstones(n *Node, nodes []Node) {
	lost := map[string]boundary.Claim{}
	for i := range nodes {
		for id, c := range nodes[i].Claims {
			if _, stands := n.Claims[id]; c.Tombstone && !stands {
				lost[id] = c
			}
		}
	}
	if len(lost) == 0 {
		return
	}
	op := RestoreTombstones{Node: n.Name}
	for _, id := range slices.Sorted(maps.Keys(lost)) {
		op.Claims = append(op.Claims, lost[id])
	}
	d.add(boundary.PhaseBuild, boundary.Missing, boundary.Warning, "tombstones in "+n.Name, op, fmt.Sprintf(
		"%d tenantIDs whose data was retained (such as %s) have no tombstone here, and do on another node; put them back", len(lost), op.Claims[0].TenantID))
}

// differ collects what separates one user from what it should be.
type differ struct {
	spec   Spec
	tenant boundary.Tenant
	name   string
	out    boundary.Diff
}

// keep compares a tenant that exists.
func (d *differ) keep(nodes []Node) {
	for i := range nodes {
		n := &nodes[i]
		_, claimed := n.Claims[d.tenant.ID]
		switch {
		case claimed:
			if n.Home == n.Name {
				d.out.Objects++
			}
		case n.Home == "":
			continue // its primary is away: the claim cannot be made, and nothing is built without one
		case n.Home == n.Name:
			d.claim(n)
		}
		d.user(n, d.spec.tenantUser(n, d.tenant), d.spec.tenantShape(n, d.tenant.ID))
	}
}

func (d *differ) claim(n *Node) {
	claim := boundary.Claim{TenantID: d.tenant.ID, UID: d.tenant.UID}
	d.add(boundary.PhaseBuild, boundary.Missing, boundary.Warning, "claim on tenantID "+d.tenant.ID+" in "+n.Name,
		ClaimTenant{Node: n.Name, Claim: claim}, "no claim stands; write it, first one wins")
}

// user compares one user on one node, and whether it was saved.
func (d *differ) user(n *Node, want User, shape Permissions) {
	have, stands := n.Users[d.name]
	if stands && have.String() == want.String() {
		if d.spec.saved(n, d.name, want.String() == closed.String()) {
			d.out.Objects++
			return
		}
		d.save(n, boundary.PhaseBuild, boundary.Warning, want.Digest())
		return
	}
	phase := d.set(n, have, stands, want, shape)
	if _, recorded := n.Saved[SaveField(d.name, n.Name)]; stands || recorded || want.Enabled {
		d.save(n, phase, boundary.Info, want.Digest())
	}
}

// set adds the one command that makes the user right, and says in which phase.
func (d *differ) set(n *Node, have User, stands bool, want User, shape Permissions) boundary.Phase {
	v := judge(have, stands, want, shape)
	if d.tenant.ID == "" && v.severity == boundary.Critical && !have.NoPass {
		v.severity = boundary.Warning // only the application itself reaches more
	}
	if last := n.Saved[SaveField(d.name, n.Name)]; !stands && last != "" && last != absent {
		v.summary = strings.Replace(v.summary, notStanding, "the user stood here and is gone, removed by hand or by a restart without its users", 1)
	}
	op := SetUser{Node: n.Name, User: d.name, Rule: want.rule(d.spec.granted(n).words), Kill: stands && v.intruders,
		Forget: d.forget(n, want.Digest())}
	d.add(v.phase, v.kind, v.severity, d.object(n), op, v.summary)
	return v.phase
}

// forget names the record that must go before a change after which it would be right again.
func (d *differ) forget(n *Node, digest string) Record {
	r := Record{Home: n.Home, Field: SaveField(d.name, n.Name)}
	if n.Home == "" || n.Saved[r.Field] != digest {
		return Record{}
	}
	return r
}

// save adds the command that makes what stands survive a restart. Beside a change that is told already, it is only Info.
func (d *differ) save(n *Node, phase boundary.Phase, severity boundary.Severity, digest string) {
	if !d.spec.saves(n) {
		return
	}
	op := Save{Node: n.Name, Digest: digest, Command: saveCommands[d.spec.Persistence]}
	if n.Home != "" {
		op.Record = Record{Home: n.Home, Field: SaveField(d.name, n.Name)}
	}
	d.add(phase, boundary.Changed, severity, d.object(n)+" on disk", op,
		"the rule is not known to survive a restart of the server; run "+op.Command)
}

var saveCommands = map[string]string{ACLFile: "ACL SAVE", ConfigRewrite: "CONFIG REWRITE"}

func (d *differ) object(n *Node) string { return fmt.Sprintf("user %s on %s", d.name, n.Name) }

func (d *differ) add(p boundary.Phase, k boundary.Kind, s boundary.Severity, object string, op Op, summary string) {
	d.out.Plan = append(d.out.Plan, boundary.Change{
		Layer: boundary.Cache, Phase: p, Tenant: d.tenant.ID, Object: object, Kind: k, Severity: s, Summary: summary, Op: op,
	})
}

// retire compares a tenant that is gone: no user, and a tombstone in place of the claim.
func (d *differ) retire(nodes []Node) {
	for i := range nodes {
		n := &nodes[i]
		claim, claimed := n.Claims[d.tenant.ID]
		if claimed && claim.UID != d.tenant.UID {
			continue
		}
		d.drop(n, claimed)
		if !claimed || n.Home != n.Name {
			continue
		}
		if claim.Tombstone {
			d.out.Objects++
			continue
		}
		claim.Tombstone = true
		d.add(boundary.PhaseRemove, boundary.Changed, boundary.Warning, "claim on tenantID "+d.tenant.ID+" in "+n.Name,
			BuryClaim{Node: n.Name, Claim: claim}, "the Tenant is gone and its data stays; turn the claim into a tombstone")
	}
}

// drop removes the user. Where no claim stands, the server may have lost it together with its data: then a user that
// has exactly this tenant's keys is its own, and must not outlive it. Any other was never made by Tenantry.
func (d *differ) drop(n *Node, claimed bool) {
	u, stands := n.Users[d.name]
	own := []string{"~" + TenantPattern(d.spec.KeyPrefix, d.tenant.ID)}
	switch {
	case stands && (claimed || slices.Equal(u.Keys, own)):
		op := DropUser{Node: n.Name, User: d.name, Forget: d.forget(n, absent)}
		d.add(boundary.PhaseClose, boundary.Unexpected, boundary.Warning, d.object(n), op,
			"the Tenant is gone; remove its user, which ends its sessions")
		d.save(n, boundary.PhaseClose, boundary.Info, absent)
	case claimed && !stands && !d.spec.saved(n, d.name, true):
		d.save(n, boundary.PhaseClose, boundary.Warning, absent)
	}
}
