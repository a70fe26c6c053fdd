package plane

import (
	"context"

	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// Prober tries the boundary of its server live, as a tenant. It leaves nothing behind: no row, key, point or object.
type Prober interface {
	// Probe makes the attempts of one round. An error means that nothing could be tried at all, and nothing is proved.
	// No attempts and no error: the tenant has nothing to present there.
	Probe(ctx context.Context, s trial.Subject) ([]trial.Attempt, error)
}

// ProberOf returns what probes a server, nil where nothing does.
func ProberOf(s Server) Prober {
	for {
		if p, ok := s.(Prober); ok {
			return p
		}
		wrapped, ok := s.(interface{ Unwrap() Server })
		if !ok {
			return nil
		}
		s = wrapped.Unwrap()
	}
}
