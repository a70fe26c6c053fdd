package cache

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Checks of what the servers themselves are like; part of the findings' ids.
const (
	// CheckEviction: a node that is full may drop Tenantry's records.
	CheckEviction = "eviction-takes-claims"
	// CheckChannelsForAll: users that others make reach every channel.
	CheckChannelsForAll = "new-users-get-all-channels"
	// CheckDataNotSaved: a node fails to write its data to disk.
	CheckDataNotSaved = "data-not-saved"
	// CheckReplica: somebody replicates a node and is not among the nodes.
	CheckReplica = "replica-not-among-nodes"
	// CheckMarkerGone: a primary carries no marker.
	CheckMarkerGone = "marker-gone"
	// CheckMarkerChanged: a primary carries a marker that is not this installation's.
	CheckMarkerChanged = "marker-changed"
	// CheckFlaw: the server's version lets a script out.
	CheckFlaw = "server-flaw"
	// CheckDenialsUnreadable: somebody made a node's log of refused attempts too large to read.
	CheckDenialsUnreadable = "denials-unreadable"
)

// Facts are what a node says of itself.
type Facts struct {
	Version Version
	// Stream is the id of the data that a primary and its replicas share.
	Stream string
	// Replica: it is one.
	Replica bool
	// Replicas that are connected to it, and their addresses as it names them.
	Replicas []string
	// MaxMemory in bytes, 0 for no bound. Eviction is what happens beyond.
	MaxMemory int64
	Eviction  string
	// NewChannels is acl-pubsub-default, "" where it cannot be read.
	NewChannels string
	// SaveFailed: the last attempt to write the data to disk failed.
	SaveFailed bool
}

// server judges a node itself.
func (s Spec) server(n *Node, h *Hazards) {
	f := n.Facts
	if strings.HasPrefix(f.Eviction, "allkeys-") && f.MaxMemory > 0 {
		h.add("memory of "+n.Name, CheckEviction, boundary.Warning, "when %s is full (maxmemory), %s drops any key, Tenantry's claims and "+
			"tombstones too; run CONFIG SET maxmemory-policy %s there and in its configuration, and give keys that may go a time to live",
			n.Name, f.Eviction, strings.Replace(f.Eviction, "allkeys-", "volatile-", 1))
	}
	if f.NewChannels == "allchannels" {
		h.add("new users on "+n.Name, CheckChannelsForAll, boundary.Info, "acl-pubsub-default is allchannels on %s: users that somebody "+
			"makes there listen on every tenant's channels unless told otherwise; run CONFIG SET acl-pubsub-default resetchannels there and in "+
			"its configuration", n.Name)
	}
	if f.SaveFailed {
		h.add("data of "+n.Name, CheckDataNotSaved, boundary.Warning, "%s failed to write its data to disk the last time it tried: a "+
			"restart loses claims and tombstones; look into its log, see that it can write its files, then run BGSAVE", n.Name)
	}
	if s.Scripts == Allow && scriptFlaw.open(f.Version) {
		h.add("version of "+n.Name, CheckFlaw, boundary.Warning, "%s on %s has %s by its number, and tenants may run scripts: one may take "+
			"over the server and everybody's data; upgrade (mended in %s), or declare redis.scripts: Deny. Distributions mend without another "+
			"number: if yours did, accept this hazard", f.Version, n.Name, scriptFlaw.cve, strings.Join(scriptFlaw.fixes(f.Version), ", "))
	}
}

// DenialsUnreadable is the hazard that a node's ACL log was too large to be read as a whole.
func DenialsUnreadable(node string) boundary.Finding {
	return boundary.Finding{Layer: boundary.Cache, Object: "ACL log of " + node, Kind: boundary.Hazard, Severity: boundary.Warning,
		Check: CheckDenialsUnreadable, Message: "the ACL log of " + node + " was larger than 8 MiB within the last ten minutes: somebody tried " +
			"a key or channel of that size, by accident or to hide what else was refused. Tenantry told of the newest entries that it could read " +
			"and cleared the log with ACL LOG RESET; look for who sends such keys, and bound them with CONFIG SET proto-max-bulk-len"}
}

// marker judges the record that says whose a primary is.
func (s Spec) marker(n *Node, h *Hazards) {
	if n.Home != n.Name || s.Marker == (boundary.Marker{}) {
		return
	}
	object := "marker in " + n.Name
	if n.Marker == nil {
		h.add(object, CheckMarkerGone, boundary.Warning, "%s carries no marker: it came back without its data, or somebody deleted %s. "+
			"Nothing is written to it until the DataPlane has claimed it again, at its next audit; tombstones that only it held are lost",
			n.Name, MarkerKey)
		return
	}
	if _, problem := n.Marker.Check(s.Marker); problem != "" {
		h.add(object, CheckMarkerChanged, boundary.Warning, "%s: %s. If somebody changed it by hand, run SET %s %s", n.Name, problem,
			MarkerKey, s.markerText())
	}
}

// markerText is the marker as it is written. It holds no secret: of the keys a fingerprint.
func (s Spec) markerText() string {
	text, err := json.Marshal(s.Marker)
	if err != nil {
		return fmt.Sprintf("<%v>", err)
	}
	return string(text)
}

// strangers reports replicas that are no nodes of the plane: nobody builds users there, nor closes them. They are counted
// for each stream of data, as a replica has one address for its primary and another for us.
func (s Spec) strangers(nodes []Node, h *Hazards) {
	known := map[string]int{}
	for i := range nodes {
		if nodes[i].Facts.Replica {
			known[nodes[i].Facts.Stream]++
		}
	}
	for i := range nodes {
		known[nodes[i].Facts.Stream] -= len(nodes[i].Facts.Replicas)
	}
	for i := range nodes {
		n := &nodes[i]
		if n.Home == n.Name && !n.Cluster && known[n.Facts.Stream] < 0 {
			h.add("replicas of "+n.Name, CheckReplica, boundary.Warning, "%s has more replicas (%s) than the plane has nodes: one is not among "+
				"redis.nodes, so that its users are neither built nor closed, and a failover to it opens or shuts what it likes; add it to "+
				"redis.nodes, or disconnect it", n.Name, few(n.Facts.Replicas))
		}
	}
}
