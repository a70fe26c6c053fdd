package corpus

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/desired"
)

// countEvery is how often the points of one corpus are counted at most.
const countEvery = time.Minute

// counts remembers when the points of each corpus are due to be counted.
type counts struct {
	mu  sync.Mutex
	due map[types.UID]time.Time
}

// isDue says whether to count now. A corpus that this process sees for the first time, unless it was never counted, waits
// its turn within the first period, so that a restart does not count a whole fleet at once.
func (c *counts) isDue(uid types.UID, never bool, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.due == nil {
		c.due = map[types.UID]time.Time{}
	}
	due, seen := c.due[uid]
	if !seen && !never {
		c.due[uid] = now.Add(time.Duration(rand.Int64N(int64(countEvery)))) //nolint:gosec // jitter
		return false
	}
	if seen && now.Before(due) {
		return false
	}
	c.due[uid] = now.Add(countEvery)
	return true
}

func (c *counts) forget(uid types.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.due, uid)
}

// countPoints updates status.points where it moved by a whole percent. A count that fails is not worth a condition.
func (r *Reconciler) countPoints(ctx context.Context, s *scope) {
	status := &s.corpus.Status
	if !condition.IsTrue(s.corpus, tenantryv1.ConditionCollectionReady) ||
		!r.counts.isDue(s.corpus.UID, status.Points == nil, r.Clock.Now()) {
		return
	}
	server, err := s.plane.VectorServer()
	if err != nil || server == nil {
		return
	}
	n, err := server.CountPoints(ctx, desired.Corpus(s.corpus, s.tenant))
	if err != nil {
		ctrl.LoggerFrom(ctx).V(1).Info("Points could not be counted", "reason", err.Error())
		return
	}
	if status.Points == nil || moved(*status.Points, n) {
		status.Points = &n
	}
}

func moved(from, to int64) bool {
	diff := max(from-to, to-from)
	return diff > 0 && diff*100 >= from
}
