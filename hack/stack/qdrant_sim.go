package stack

import (
	"fmt"
	"sync"

	"github.com/tenantry/tenantry/internal/qdrantsim"
)

func simulateQdrant(opts QdrantOptions) (*Qdrant, error) {
	key := newPassword()
	server, err := qdrantsim.Start(qdrantsim.Options{APIKey: key, JWTDisabled: !opts.JWT})
	if err != nil {
		return nil, fmt.Errorf("start the Qdrant simulator: %w", err)
	}
	return &Qdrant{
		Addr: server.Addr(), RESTURL: server.RESTURL(), APIKey: key, Simulated: true, stop: sync.OnceFunc(server.Close),
	}, nil
}
