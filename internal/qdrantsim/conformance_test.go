package qdrantsim_test

import (
	"os"
	"testing"

	"github.com/tenantry/tenantry/internal/qdrantsim"
	"github.com/tenantry/tenantry/internal/qdrantsim/conformance"
)

// TestConformance runs against the simulator, or against the real server that
// QDRANT_ADDR and QDRANT_API_KEY name.
func TestConformance(t *testing.T) {
	target := conformance.Target{Addr: os.Getenv("QDRANT_ADDR"), APIKey: os.Getenv("QDRANT_API_KEY")}
	if target.Addr == "" {
		const key = "an-api-key-of-the-simulator"
		s, err := qdrantsim.Start(qdrantsim.Options{APIKey: key})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		target = conformance.Target{Addr: s.Addr(), APIKey: key}
	}
	conformance.Run(t, target)
}
