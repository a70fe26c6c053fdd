package directory

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// Defaults of Options.
const (
	DefaultMaxStaleness  = 30 * time.Minute
	DefaultProbeInterval = 10 * time.Second
)

// Options of a Directory.
type Options struct {
	// Plane is the name of the DataPlane that is served. Required.
	Plane string
	// Namespace of the operator, where the gateway material is. Required.
	Namespace string
	// MaxStaleness is how long the last known state is served while the API server cannot be watched. At least three
	// ProbeIntervals. Default 30 min.
	MaxStaleness time.Duration
	// ProbeInterval is how often the API server is asked whether it is there. Default 10 s.
	ProbeInterval time.Duration
	// Limits of every scope. Default the engine's.
	Limits scopeqdrant.Limits
	// Clock. Default the real one.
	Clock clock.WithTicker
}

// Directory knows the tenants of one plane. It is safe for concurrent use; lookups never wait.
type Directory struct {
	options Options
	config  *rest.Config
	clock   clock.WithTicker

	streams *streams
	fresh   atomic.Int64 // when the snapshot was last known to be current, in nanoseconds since 1970
	now     atomic.Pointer[snapshot]

	mu      sync.Mutex // guards world
	world   *world
	changed chan struct{}
}

// New makes a Directory that knows nothing until Start runs.
func New(config *rest.Config, o Options) (*Directory, error) {
	if o.MaxStaleness == 0 {
		o.MaxStaleness = DefaultMaxStaleness
	}
	if o.ProbeInterval == 0 {
		o.ProbeInterval = DefaultProbeInterval
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	switch {
	case o.Plane == "" || o.Namespace == "":
		return nil, errors.New("a directory needs the name of a DataPlane and the namespace of the operator")
	case o.ProbeInterval < 0 || o.MaxStaleness < 3*o.ProbeInterval:
		return nil, fmt.Errorf("the maximal staleness is %s; it must be at least %s, three times the interval in which the API server is asked",
			o.MaxStaleness, 3*o.ProbeInterval)
	}
	d := &Directory{
		options: o, clock: o.Clock, streams: newStreams(o.Clock),
		world: newWorld(o.Plane, o.Namespace), changed: make(chan struct{}, 1),
	}
	d.config = rest.CopyConfig(config)
	d.config.Wrap(d.streams.wrap)
	return d, nil
}

// Ready says why nobody is served, nil where tenants are. Errors are *Error.
func (d *Directory) Ready() error {
	_, err := d.current()
	return err
}

// current returns the snapshot to answer from, or why there is none.
func (d *Directory) current() (*snapshot, error) {
	s := d.now.Load()
	switch {
	case s == nil:
		return nil, &Error{Stale, "the gateway is starting: it has not read its tenants from the API server yet; try again"}
	case d.age() > d.options.MaxStaleness:
		return nil, &Error{Stale, fmt.Sprintf(
			"the gateway has not been able to watch the API server for more than %s, so that it cannot know who is still allowed; try again later",
			d.options.MaxStaleness)}
	case s.problem != nil:
		return nil, s.problem
	}
	return s, nil
}

// age is how old the snapshot may be.
func (d *Directory) age() time.Duration {
	return time.Duration(d.clock.Now().UnixNano() - d.fresh.Load())
}

// Freshness is when the state that is served was last known to be current; the zero time before the first.
func (d *Directory) Freshness() time.Time {
	if n := d.fresh.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}
