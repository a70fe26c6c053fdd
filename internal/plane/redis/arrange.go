package redis

import (
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// arrange finds the primary of every node and lets each see the records that stand there. fault is that of the nodes
// that did not answer.
func (s *Server) arrange(looks []*look, fault error) ([]cache.Node, error) {
	if len(looks) > 0 && looks[0].node.Cluster {
		return s.arrangeCluster(looks, fault)
	}
	kept := looks[:0:0]
	faults := []error{fault}
	for _, l := range looks {
		l.node.Home = home(l, looks)
		// With a node away, the primary may be that one; else it is not part of the plane.
		if l.node.Home == "" && fault == nil && l.info["master_link_status"] == "up" {
			faults = append(faults, plane.Faultf(plane.InvalidSpec, nil, "Redis node %s is a replica of %s, which is not among "+
				"the nodes of this plane; add it to redis.nodes", l.addr, l.primaryAddr()))
			continue
		}
		kept = append(kept, l)
	}
	return shareRecords(kept), joinFaults(faults)
}

// home is the primary of a node, "" while it cannot be reached. A replica names its primary by an address that need not
// be the declared one; the id of the replication stream is the same on both.
func home(l *look, looks []*look) string {
	if l.info["role"] == "master" {
		return l.addr
	}
	for _, p := range looks {
		if p.info["role"] == "master" && (p.info["master_replid"] == l.info["master_replid"] || p.addr == l.primaryAddr()) {
			return p.addr
		}
	}
	return ""
}

// arrangeCluster: the one primary that serves the slot of Tenantry's keys holds the records for all.
func (s *Server) arrangeCluster(looks []*look, fault error) ([]cache.Node, error) {
	for _, owner := range looks {
		if !owner.records || owner.info["role"] != "master" {
			continue
		}
		for _, l := range looks {
			l.node.Home = owner.addr
		}
		return shareRecords(looks), fault
	}
	return nil, joinFaults([]error{fault, plane.Faultf(plane.Unreachable, nil, "no member of the cluster that can be reached "+
		"serves the slot of %s: without the claims nothing is changed", cache.ClaimsKey)})
}

// shareRecords gives every node the records of its primary, as far as that was read, else what it holds itself.
func shareRecords(looks []*look) []cache.Node {
	byAddr := map[string]*look{}
	for _, l := range looks {
		byAddr[l.addr] = l
	}
	nodes := make([]cache.Node, 0, len(looks))
	for _, l := range looks {
		n := l.node
		if primary := byAddr[n.Home]; primary != nil {
			n.Claims, n.Saved = primary.node.Claims, primary.node.Saved
		} else if n.Home != "" {
			n.Home = "" // it answered a moment ago, and does not now
		}
		nodes = append(nodes, n)
	}
	return nodes
}
