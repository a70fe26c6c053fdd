// Package probe proves live that boundaries hold: it tries, as every tenant in turn, to reach what is another's, and keeps
// what came of it. What is tried stands in internal/boundary/trial and in the servers' own packages.
package probe

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// Book holds what came of the probes of this process, by the UID of the Tenant. It is safe for concurrent use.
type Book struct {
	mu      sync.RWMutex
	tenants map[types.UID]trial.Outcome
	planes  map[string]planePage
}

// planePage is what is known of a plane.
type planePage struct {
	last     time.Time
	canaries [2]trial.Outcome
}

// NewBook makes an empty book.
func NewBook() *Book {
	return &Book{tenants: map[types.UID]trial.Outcome{}, planes: map[string]planePage{}}
}

// Outcome is what is known of a tenant, false where this process has not probed it yet.
func (b *Book) Outcome(tenant types.UID) (trial.Outcome, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o, ok := b.tenants[tenant]
	return o, ok
}

// LastProbe is when a probe on a plane last ended, zero where none has in this process.
func (b *Book) LastProbe(plane string) time.Time {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.planes[plane].last
}

// PlaneFindings are those of the plane's canaries in one layer: what a canary reaches, every tenant reaches.
func (b *Book) PlaneFindings(plane string, layer boundary.Layer) []boundary.Finding {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, o := range b.planes[plane].canaries {
		if found := o.Findings(layer, ""); len(found) > 0 {
			return found
		}
	}
	return nil
}

// restore begins with what an earlier process saw of a tenant, where this one knows nothing yet.
func (b *Book) restore(tenant types.UID, crossings []trial.Attempt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.tenants[tenant]; !known && len(crossings) > 0 {
		b.tenants[tenant] = trial.Restored(crossings)
	}
}

// record adds a round of a tenant and says whether that changes what is known.
func (b *Book) record(plane string, tenant types.UID, round map[boundary.Layer][]trial.Attempt, now time.Time) (next trial.Outcome, changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, known := b.tenants[tenant]
	next = before.Next(round)
	b.tenants[tenant] = next
	b.stamp(plane, now)
	return next, !known || !next.Equal(before)
}

// canary is what is known of one of a plane's canaries.
func (b *Book) canary(plane string, i int) trial.Outcome {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.planes[plane].canaries[i]
}

// recordCanary adds a round of one of a plane's canaries and says whether that changes its findings.
func (b *Book) recordCanary(plane string, i int, round map[boundary.Layer][]trial.Attempt, now time.Time) (next trial.Outcome, changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	page := b.planes[plane]
	before := page.canaries[i]
	next = before.Next(round)
	page.canaries[i] = next
	b.planes[plane] = page
	b.stamp(plane, now)
	return next, !next.Equal(before)
}

func (b *Book) stamp(plane string, now time.Time) {
	page := b.planes[plane]
	page.last = now
	b.planes[plane] = page
}

// forget drops a tenant that is gone.
func (b *Book) forget(tenant types.UID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.tenants, tenant)
}

// forgetPlane drops a plane that is gone.
func (b *Book) forgetPlane(plane string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.planes, plane)
}
