// Package connect opens the servers that a DataPlane declares and keeps them open for all reconcilers of this process.
package connect

import (
	"sync"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
)

// Plane is one DataPlane with its servers open.
type Plane struct {
	// Name of the DataPlane.
	Name string
	// Marker that every server of it carries.
	Marker boundary.Marker
	// Keys of the plane; Empty until it is claimed.
	Keys credential.PlaneKeys
	// IDFormat that every tenantID must parse as: Text, UUID or Integer.
	IDFormat string
	// Interval between two snapshots.
	Interval time.Duration
	// Rows and Vector are the specs that the layers were opened with; their naming functions need them.
	Rows   rows.Spec
	Vector vector.Spec
	// Advertised endpoints and connection facts for Secrets.
	Advertised Advertised
	// QdrantKey signs the tokens of dedicated tenants.
	QdrantKey boundary.Secret
	// KeyPrefix of the keys of all tenants.
	KeyPrefix string

	mu     sync.RWMutex
	layers []*Layer
}

// Advertised is what Secrets tell workloads.
type Advertised struct {
	Postgres, Redis, Qdrant credential.Endpoint
	Database, SSLMode       string
	RedisTLS                bool
	QdrantREST              string
}

// Layer is one server of a plane and what is known of its health. A layer that cannot be opened has no Server.
type Layer struct {
	Name   boundary.Layer
	Server plane.Server

	digest string

	mu      sync.RWMutex
	fault   error
	partial bool
	since   time.Time
	hazards []boundary.Finding
	audited Audited
}

// Layers of the plane in their fixed order: Vector, Rows, Cache.
func (p *Plane) Layers() []*Layer {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.layers
}

// Layer returns one layer, nil where the plane has none.
func (p *Plane) Layer(name boundary.Layer) *Layer {
	for _, l := range p.Layers() {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// VectorServer returns the Vector layer's server and the reason why it cannot be used, both nil where the plane has none.
func (p *Plane) VectorServer() (plane.VectorServer, error) {
	l := p.Layer(boundary.Vector)
	if l == nil {
		return nil, nil
	}
	if err := l.Fault(); err != nil {
		return nil, err
	}
	s, _ := l.Server.(plane.VectorServer)
	return s, nil
}

// BudgetServer returns the server of the ledger and the reason why it cannot be used, both nil where the plane has none.
func (p *Plane) BudgetServer() (plane.BudgetServer, error) {
	l := p.Layer(boundary.Rows)
	if l == nil {
		return nil, nil
	}
	if err := l.Fault(); err != nil {
		return nil, err
	}
	s, _ := l.Server.(plane.BudgetServer)
	return s, nil
}

// Fault is why the layer must not be used now, nil where it may: it is unreachable, lacks rights, or is not ours.
func (l *Layer) Fault() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.fault
}

// FailingSince is when the layer began to fail, zero where it does not.
func (l *Layer) FailingSince() time.Time {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.since
}

// Partial says that only a part of the layer is away, such as one Redis node of two: the rest can be worked on, and the
// layer as a whole is still not known.
func (l *Layer) Partial() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.partial
}

// SetHealth records the outcome of a look at the layer; partial goes with an error. It says whether the layer went from
// usable to not, or back.
func (l *Layer) SetHealth(err error, partial bool, now time.Time) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed = (err == nil) != (l.fault == nil) || partial != l.partial
	l.fault, l.partial = err, partial
	switch {
	case err == nil:
		l.since = time.Time{}
	case l.since.IsZero():
		l.since = now
	}
	return changed
}

// Hazards that concern every tenant of the plane in this layer.
func (l *Layer) Hazards() []boundary.Finding {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.hazards
}

// SetHazards replaces the hazards. It says whether the number of critical ones changed to or from zero.
func (l *Layer) SetHazards(f []boundary.Finding) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed = anyCritical(f) != anyCritical(l.hazards)
	l.hazards = f
	return changed
}

func anyCritical(fs []boundary.Finding) bool {
	for _, f := range fs {
		if f.Severity == boundary.Critical && !f.IsAccepted() {
			return true
		}
	}
	return false
}
