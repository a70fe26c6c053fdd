package cache

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Checks of this layer; part of the findings' ids.
const (
	// CheckOpenDefault: the default user needs no password, and RESET leads every connection to it.
	CheckOpenDefault = "default-user-open"
	// CheckForeignUser: another user reaches tenants' keys or channels.
	CheckForeignUser = "user-reaches-tenants"
	// CheckAdministrator: another user may change users.
	CheckAdministrator = "user-administers"
	// CheckBeyondPatterns: another user may run commands that no key pattern binds.
	CheckBeyondPatterns = "user-beyond-patterns"
	// CheckOperatorOpen: the operator's user needs no password.
	CheckOperatorOpen = "operator-user-open"
	// CheckUnclaimedUser: a user is named like a tenant's, and no tenant claims it.
	CheckUnclaimedUser = "tenant-user-without-claim"
	// CheckNotPersistent: the persistence that the plane declares does not work on a node.
	CheckNotPersistent = "acl-not-persistent"
)

// Hazards are what opens boundaries from outside, found in one snapshot of the nodes.
type Hazards struct {
	// Plane are the hazards that concern every tenant.
	Plane []boundary.Finding

	prefix  string
	foreign []foreign
}

// foreign is a user of somebody else that reaches some tenants' keys or channels.
type foreign struct {
	node, user string
	patterns   []string
	severity   boundary.Severity
	remedy     string
}

// FindHazards looks through a snapshot of all users. complete says that nodes are all there are.
func (s Spec) FindHazards(nodes []Node, complete bool) Hazards {
	h := Hazards{prefix: s.KeyPrefix}
	if complete {
		s.strangers(nodes, &h)
	}
	for i := range nodes {
		n := &nodes[i]
		s.persistence(n, &h)
		s.server(n, &h)
		s.marker(n, &h)
		for _, name := range slices.Sorted(maps.Keys(n.Users)) {
			s.hazard(n, name, &h)
		}
	}
	boundary.SortFindings(h.Plane)
	return h
}

// Tenant returns the hazards that concern this tenant and not all of them.
func (h Hazards) Tenant(id string) []boundary.Finding {
	var out []boundary.Finding
	for _, f := range h.foreign {
		at := slices.IndexFunc(f.patterns, func(p string) bool { return reaches(p, h.prefix+":"+id+":") })
		if at < 0 {
			continue
		}
		out = append(out, boundary.Finding{Layer: boundary.Cache, Tenant: id, Object: object(f.user, f.node),
			Kind: boundary.Hazard, Severity: f.severity, Check: CheckForeignUser, Message: fmt.Sprintf(
				"user %s reaches this tenant's keys or channels by the pattern %s; take it away with %s", Quote(f.user), quote(f.patterns[at], patternBytes), f.remedy)})
	}
	return out
}

func object(user, node string) string { return "user " + Quote(user) + " on " + node }

func (h *Hazards) add(object, check string, severity boundary.Severity, format string, args ...any) {
	h.Plane = append(h.Plane, boundary.Finding{Layer: boundary.Cache, Object: object, Kind: boundary.Hazard,
		Severity: severity, Check: check, Message: fmt.Sprintf(format, args...)})
}

// hazard judges one user that is not Tenantry's own business.
func (s Spec) hazard(n *Node, name string, h *Hazards) {
	u := n.Users[name]
	id, tenants := strings.CutPrefix(name, tenantUserPrefix)
	switch {
	case name == s.AppUser || !u.Enabled && name != s.Operator:
	case name == "default" && u.NoPass:
		s.openDefault(n, u, h)
	case name == s.Operator && u.NoPass:
		h.add(object(name, n.Name), CheckOperatorOpen, boundary.Critical, "the operator's user %s needs no password: anybody, and every "+
			"tenant, can log in as it and change every user; run ACL SETUSER %s resetpass and give it the password of the DataPlane's Secret%s",
			Quote(name), Quote(name), s.thenSave())
	case name == s.Operator:
	case tenants:
		if s.unclaimed(n, name, id, h) {
			s.overlap(n, name, u, h)
		}
	case administers(u):
		h.add(object(name, n.Name), CheckAdministrator, openly(u, boundary.Info),
			"user %s may change users and thereby reach every tenant's keys; it is trusted like the operator%s", Quote(name),
			s.openText(name, u))
	default:
		s.unbound(n, name, u, h)
		s.overlap(n, name, u, h)
	}
}

// openly is the severity of what a user can do: a tenant can log in as anybody who needs no password.
func openly(u User, otherwise boundary.Severity) boundary.Severity {
	if u.NoPass {
		return boundary.Critical
	}
	return otherwise
}

func (s Spec) openText(name string, u User) string {
	if !u.NoPass {
		return ""
	}
	return fmt.Sprintf(". It needs no password, so that every tenant can log in as it: ACL SETUSER %s resetpass off%s",
		Quote(name), s.thenSave())
}

// unbinding are commands that see or destroy what belongs to everybody, whatever a user's patterns are. Those that
// replication, sentinels and monitoring need are left out.
var unbinding = []string{"monitor", "flushall", "flushdb", "swapdb", "config|set", "module|load", "module|loadex", "debug"}

// unbound reports a user that may run commands that no pattern binds.
func (s Spec) unbound(n *Node, name string, u User, h *Hazards) {
	var may []string
	for _, c := range unbinding {
		if slices.ContainsFunc(u.all(), func(p Permissions) bool { return p.Commands.Grants(c) }) {
			may = append(may, c)
		}
	}
	if len(may) > 0 {
		h.add(object(name, n.Name), CheckBeyondPatterns, openly(u, boundary.Warning), "user %s may run %s, which no key pattern binds: it sees "+
			"or destroys what belongs to every tenant; take that away with ACL SETUSER %s %s-%s%s%s", Quote(name), strings.Join(may, ", "), Quote(name),
			choose(len(u.Selectors) > 0, "clearselectors ", ""), strings.Join(may, " -"), s.thenSave(), s.openText(name, u))
	}
}

// narrow is the command that takes a user's patterns away.
func (s Spec) narrow(name string, u User) string {
	return "ACL SETUSER " + Quote(name) + choose(len(u.Selectors) > 0, " clearselectors", "") + " resetkeys resetchannels and the patterns it needs" +
		s.thenSave() + s.openText(name, u)
}

// openDefault: a tenant's connection becomes default by RESET, which nothing can refuse. What default reaches is what
// every tenant reaches.
func (s Spec) openDefault(n *Node, u User, h *Hazards) {
	if len(u.Selectors) == 0 && u.Commands.Empty() {
		return
	}
	h.add(object("default", n.Name), CheckOpenDefault, boundary.Critical,
		"the default user is on and needs no password: anybody, and every tenant by RESET, can use the server as default; "+
			"switch it off with ACL SETUSER default off on %s%s", n.Name, s.thenSave())
}

// unclaimed reports a user that carries a tenant's name but that no living claim speaks for.
func (s Spec) unclaimed(n *Node, name, id string, h *Hazards) bool {
	claim, ok := n.Claims[id]
	if n.Claims == nil || ok && !claim.Tombstone {
		return false
	}
	h.add(object(name, n.Name), CheckUnclaimedUser, boundary.Warning,
		"user %s is on, and no Tenant claims tenantID %s; if none is about to, remove it with ACL DELUSER %s%s", Quote(name), Quote(id),
		Quote(name), s.thenSave())
	return true
}

// administers says whether the user could give itself anything.
func administers(u User) bool {
	return slices.ContainsFunc(u.all(), func(p Permissions) bool {
		return p.Commands.Grants("acl|setuser") || p.Commands.Grants("acl|load")
	})
}

// nobody stands for any tenant: no tenantID holds this character, so that only patterns that reach everybody match it.
const nobody = "\x00"

// overlap reports a user whose patterns reach tenants: once for the plane if they reach all, else for each.
func (s Spec) overlap(n *Node, name string, u User, h *Hazards) {
	patterns := s.reachable(name, u)
	everybody := slices.IndexFunc(patterns, func(p string) bool { return reaches(p, s.KeyPrefix+":"+nobody+":") })
	if everybody >= 0 {
		h.add(object(name, n.Name), CheckForeignUser, openly(u, boundary.Warning),
			"user %s reaches every tenant's keys or channels by the pattern %s; name it as appUser, or narrow it with %s",
			Quote(name), quote(patterns[everybody], patternBytes), s.narrow(name, u))
		return
	}
	patterns = slices.DeleteFunc(patterns, func(p string) bool { return !reaches(p, s.KeyPrefix+":") })
	if len(patterns) > 0 {
		h.foreign = append(h.foreign, foreign{n.Name, name, patterns, openly(u, boundary.Warning), s.narrow(name, u)})
	}
}

// reachable lists the key and channel patterns of a user that may run anything at all, but those that its name entitles
// it to.
func (s Spec) reachable(name string, u User) []string {
	own, tenants := strings.CutPrefix(name, tenantUserPrefix)
	all := patterns(u)
	if !tenants {
		return all
	}
	mine := strings.TrimSuffix(TenantPattern(s.KeyPrefix, own), "*")
	return slices.DeleteFunc(all, func(p string) bool { return strings.HasPrefix(p, mine) })
}

func patterns(u User) []string {
	var out []string
	for _, p := range u.all() {
		if p.Commands.Empty() {
			continue
		}
		for _, k := range p.Keys {
			_, pattern, _ := strings.Cut(k, "~")
			out = append(out, pattern)
		}
		out = append(out, p.Channels...)
	}
	return out
}

// persistence reports a node on which what the plane declares does not work.
func (s Spec) persistence(n *Node, h *Hazards) {
	object := "persistence of users on " + n.Name
	switch {
	case s.Persistence == ACLFile && n.ACLFilePath == "":
		h.add(object, CheckNotPersistent, boundary.Warning, "the plane declares persistence ACLFile, and %s has no aclfile: its users "+
			"are gone after a restart until they are put back; set aclfile in its configuration, or declare what it does", n.Name)
	case s.Persistence == ConfigRewrite && n.ACLFilePath != "":
		h.add(object, CheckNotPersistent, boundary.Warning, "the plane declares persistence ConfigRewrite, and %s keeps its users in "+
			"an aclfile, which CONFIG REWRITE does not write; declare persistence ACLFile", n.Name)
	case s.Persistence == ConfigRewrite && n.ConfigPath == "":
		h.add(object, CheckNotPersistent, boundary.Warning, "the plane declares persistence ConfigRewrite, and %s was started without "+
			"a configuration file: its users are gone after a restart until they are put back; start it with one", n.Name)
	case s.Persistence == None && n.ACLFilePath != "":
		h.add(object, CheckNotPersistent, boundary.Info, "%s has an aclfile, and the plane declares persistence None: after a restart "+
			"the users that were last saved come back, suspended ones too, until they are corrected; declare ACLFile", n.Name)
	}
}
