package connect

import (
	"sync"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

// pending is the health of a layer that nobody has looked at yet.
var pending = plane.Faultf(plane.Unreachable, nil, "the server has not been looked at yet")

// Registry holds the open planes of this process, by name. It is safe for concurrent use.
type Registry struct {
	// Meter sees every call to a server; nil for none.
	Meter plane.Meter

	mu     sync.RWMutex
	planes map[string]*Plane
}

// Get returns an open plane, nil where the DataPlane has not been opened by this process yet.
func (r *Registry) Get(name string) *Plane {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.planes[name]
}

// Open makes the plane that s describes available. Servers whose settings did not change stay open with all that is known
// of them; those that changed are opened anew and the old ones closed.
func (r *Registry) Open(s Settings, now time.Time) *Plane {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := s.plane()
	var old []*Layer
	if p := r.planes[s.Name]; p != nil {
		old = p.Layers()
	}
	for _, ls := range s.layers() {
		next.layers = append(next.layers, r.layer(old, ls, now))
	}
	closeUnused(old, next.layers)
	if r.planes == nil {
		r.planes = map[string]*Plane{}
	}
	r.planes[s.Name] = next
	return next
}

// Adopt makes a plane available whose servers somebody else opened, in place of one of its name. It is for tests.
func (r *Registry) Adopt(p *Plane, servers ...plane.Server) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range servers {
		p.layers = append(p.layers, &Layer{Name: s.Layer(), Server: s})
	}
	if r.planes == nil {
		r.planes = map[string]*Plane{}
	}
	r.planes[p.Name] = p
}

func (r *Registry) layer(old []*Layer, ls layerSettings, now time.Time) *Layer {
	for _, l := range old {
		if l.Name == ls.name && l.digest == ls.digest {
			return l
		}
	}
	l := &Layer{Name: ls.name, digest: ls.digest}
	l.SetHealth(pending, false, now)
	server, err := ls.open()
	if err != nil {
		l.SetHealth(err, false, now)
		return l
	}
	l.Server = server
	if r.Meter != nil {
		l.Server = plane.Metered(server, r.Meter)
	}
	return l
}

// Drop closes a plane.
func (r *Registry) Drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.planes[name]; p != nil {
		closeUnused(p.Layers(), nil)
	}
	delete(r.planes, name)
}

// Close closes every plane.
func (r *Registry) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, p := range r.planes {
		closeUnused(p.Layers(), nil)
		delete(r.planes, name)
	}
}

func closeUnused(old, kept []*Layer) {
	inUse := map[*Layer]bool{}
	for _, l := range kept {
		inUse[l] = true
	}
	for _, l := range old {
		if !inUse[l] && l.Server != nil {
			l.Server.Close()
		}
	}
}

// Order is the fixed order of the layers.
var Order = []boundary.Layer{boundary.Vector, boundary.Rows, boundary.Cache}
