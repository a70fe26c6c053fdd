package cache

import "github.com/tenantry/tenantry/internal/boundary"

// Node is what one node holds, as far as it was read.
type Node struct {
	// Name is host:port.
	Name string
	// Home is the primary that this node's records (claims, digests of what was saved) are written to: itself for a
	// primary, "" while none can be reached. ACL users are changed on every node, whatever its role.
	Home string
	// Cluster mode is on.
	Cluster bool
	// ACLFilePath and ConfigPath are where the server keeps its users and its configuration, "" for nowhere.
	ACLFilePath, ConfigPath string
	// Facts that it says of itself.
	Facts Facts
	// Marker that stands on this node itself, nil where none does.
	Marker *boundary.Marker
	// Catalog of the commands that the server knows.
	Catalog Catalog
	// Users by name. After a fresh read of one tenant: only its user.
	Users map[string]User
	// Claims by tenantID, as seen from this node; nil if they cannot be seen from here.
	Claims map[string]boundary.Claim
	// Saved holds digests by SaveField, as seen from this node.
	Saved map[string]string
}

// saves says whether the persistence that the plane declares works on this node.
func (s Spec) saves(n *Node) bool {
	switch s.Persistence {
	case ACLFile:
		return n.ACLFilePath != ""
	case ConfigRewrite:
		return n.ConfigPath != "" && n.ACLFilePath == ""
	}
	return false
}

// saved says whether the user's rule as it stands survives a restart. A closed user that was never saved need not: one
// that is gone after a restart is just as closed. Without a home there is no record to go by.
func (s Spec) saved(n *Node, name string, wantClosed bool) bool {
	if !s.saves(n) || n.Home == "" {
		return true
	}
	digest, recorded := n.Saved[SaveField(name, n.Name)]
	u, stands := n.Users[name]
	if !recorded {
		return wantClosed && (!stands || u.Closed())
	}
	return digest == digestOf(u, stands)
}

// absent is the digest of a user that does not stand.
const absent = "absent"

// digestOf is what SavedKey holds for a user.
func digestOf(u User, stands bool) string {
	if !stands {
		return absent
	}
	return u.Digest()
}
