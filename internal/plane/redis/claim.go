package redis

import (
	"context"
	"encoding/json"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
)

// Claim writes the marker to every primary that has none, in the order of the nodes: of two installations at once, the
// one that was first at the first node goes on. It returns the first marker that is not want, else want. Nodes that do
// not answer are named in the fault and claimed when they are back.
func (s *Server) Claim(ctx context.Context, want boundary.Marker) (boundary.Marker, error) {
	looks, fault := s.look(ctx, nothing)
	nodes, fault := s.arrange(looks, fault)
	text, err := json.Marshal(want)
	if err != nil {
		return boundary.Marker{}, err
	}
	standing := boundary.Marker{}
	for i := range nodes {
		if nodes[i].Home != nodes[i].Name {
			continue
		}
		m, err := s.claimAt(ctx, nodes[i].Name, string(text))
		if err != nil {
			fault = joinFaults([]error{fault, err})
			continue
		}
		if standing = m; m != want {
			return m, nil
		}
	}
	if standing == (boundary.Marker{}) && fault == nil {
		fault = plane.Faultf(plane.Unreachable, nil, "no primary can be reached: the plane cannot be claimed")
	}
	return standing, fault
}

func (s *Server) claimAt(ctx context.Context, addr, text string) (boundary.Marker, error) {
	p := s.client(addr).Pipeline()
	set := p.SetNX(ctx, cache.MarkerKey, text, 0)
	get := p.Get(ctx, cache.MarkerKey)
	if err := s.exchange(ctx, "write", "claim "+addr, addr, p); err != nil {
		return boundary.Marker{}, err
	}
	if err := set.Err(); err != nil {
		return boundary.Marker{}, s.fault(addr, err)
	}
	l := look{addr: addr}
	if err := l.readMarker(get); err != nil {
		return boundary.Marker{}, s.fault(addr, err)
	}
	if l.marker == nil {
		return boundary.Marker{}, plane.Faultf(plane.ApplyFailed, nil, "the marker %s on %s vanished while it was being "+
			"written; it is tried again", cache.MarkerKey, addr)
	}
	return *l.marker, nil
}

// requireMarker refuses to write where the marker is not this installation's.
func (s *Server) requireMarker(ctx context.Context, addr string) error {
	p := s.client(addr).Pipeline()
	get := p.Get(ctx, cache.MarkerKey)
	if err := s.exchange(ctx, "read", "check marker on "+addr, addr, p); err != nil {
		return err
	}
	l := look{addr: addr}
	if err := l.readMarker(get); err != nil {
		return s.fault(addr, err)
	}
	if l.marker == nil {
		return plane.Faultf(plane.ApplyFailed, nil, "Redis node %s carries no marker, it may have lost its data; nothing "+
			"was written to it. The DataPlane claims it again at its next audit", addr)
	}
	if problem, message := l.marker.Check(s.cfg.Marker); problem != "" {
		return plane.Faultf(plane.OwnedElsewhere, nil, "Redis node %s: %s", addr, message)
	}
	return nil
}
