package connect

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

// Settings is a DataPlane with everything it refers to resolved. A layer that is declared but could not be resolved has a
// fault and no config.
type Settings struct {
	Name       string
	Marker     boundary.Marker
	Keys       credential.PlaneKeys
	IDFormat   string
	Interval   time.Duration
	Advertised Advertised

	Qdrant   *qdrant.Config
	Postgres *postgres.Config
	Redis    *redis.Config
	// TLS describes each layer's transport security (mode and digest of the CA), to notice a change.
	TLS    map[boundary.Layer]string
	Faults map[boundary.Layer]error

	// Hooks for tests; nil outside of them.
	Hooks Hooks
}

// Hooks let tests count the round trips and interrupt applies.
type Hooks struct {
	Clock        clock.PassiveClock
	Trace        func(layer boundary.Layer, kind, name string)
	BeforeChange func(boundary.Change) error
}

// missable is how many audit intervals a shared snapshot is served for: the audit takes it anew every interval, and where it
// cannot, what was known is kept for as long as a verdict is.
const missable = 3

type layerSettings struct {
	name   boundary.Layer
	digest string
	open   func() (plane.Server, error)
}

func (s Settings) plane() *Plane {
	p := &Plane{
		Name: s.Name, Marker: s.Marker, Keys: s.Keys, IDFormat: s.IDFormat, Interval: s.Interval, Advertised: s.Advertised,
	}
	if s.Qdrant != nil {
		p.Vector, p.QdrantKey = s.Qdrant.Spec, s.Qdrant.APIKey
	}
	if s.Postgres != nil {
		p.Rows = s.Postgres.Spec
	}
	if s.Redis != nil {
		p.KeyPrefix = s.Redis.Spec.KeyPrefix
	}
	return p
}

func (s Settings) layers() []layerSettings {
	var out []layerSettings
	for _, name := range Order {
		if fault := s.Faults[name]; fault != nil {
			out = append(out, layerSettings{
				name: name, digest: digest("fault", fault.Error()), open: func() (plane.Server, error) { return nil, fault },
			})
			continue
		}
		if ls, ok := s.layer(name); ok {
			out = append(out, ls)
		}
	}
	return out
}

func (s Settings) layer(name boundary.Layer) (layerSettings, bool) {
	switch {
	case name == boundary.Vector && s.Qdrant != nil:
		return s.vectorLayer(*s.Qdrant), true
	case name == boundary.Rows && s.Postgres != nil:
		return s.rowsLayer(*s.Postgres), true
	case name == boundary.Cache && s.Redis != nil:
		return s.cacheLayer(*s.Redis), true
	}
	return layerSettings{}, false
}

func (s Settings) vectorLayer(c qdrant.Config) layerSettings {
	c.Marker, c.SnapshotAge, c.Clock = s.Marker, missable*s.Interval, s.Hooks.Clock
	c.Trace, c.BeforeChange = s.Hooks.trace(boundary.Vector), s.Hooks.BeforeChange
	return layerSettings{
		name:   boundary.Vector,
		digest: digest(c.Address, c.RESTURL, c.APIKey.Fingerprint(), s.TLS[boundary.Vector], c.Spec, c.Marker, c.SnapshotAge),
		open:   func() (plane.Server, error) { return qdrant.Open(c) },
	}
}

func (s Settings) rowsLayer(c postgres.Config) layerSettings {
	c.Marker, c.SnapshotAge, c.Clock = s.Marker, missable*s.Interval, s.Hooks.Clock
	c.BudgetAge = s.Interval // nobody refreshes it for what is spent
	c.Trace, c.BeforeChange = s.Hooks.trace(boundary.Rows), s.Hooks.BeforeChange
	return layerSettings{
		name:   boundary.Rows,
		digest: digest(c.DSN.Fingerprint(), c.Spec, c.Budget, c.Marker, c.SnapshotAge),
		open:   func() (plane.Server, error) { return postgres.Open(c) },
	}
}

func (s Settings) cacheLayer(c redis.Config) layerSettings {
	c.Marker, c.SnapshotAge, c.Clock = s.Marker, missable*s.Interval, s.Hooks.Clock
	c.Trace, c.BeforeChange = s.Hooks.trace(boundary.Cache), s.Hooks.BeforeChange
	return layerSettings{
		name: boundary.Cache,
		digest: digest(c.Nodes, c.Discovery, c.MasterName, c.Username, c.Password.Fingerprint(), s.TLS[boundary.Cache], c.Spec,
			c.Spec.AppPassword.Fingerprint(), c.Marker, c.SnapshotAge),
		open: func() (plane.Server, error) { return redis.Open(c) },
	}
}

func (h Hooks) trace(layer boundary.Layer) func(kind, name string) {
	if h.Trace == nil {
		return nil
	}
	return func(kind, name string) { h.Trace(layer, kind, name) }
}

// digest tells whether settings changed. Secrets marshal as a constant, so their fingerprints are passed beside them.
func digest(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		b, _ := json.Marshal(p)
		h.Write(b)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}
