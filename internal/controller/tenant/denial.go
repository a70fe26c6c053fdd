package tenant

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane"
)

// deniedEvery is how often a Tenant gets an Event about attempts that were refused.
const deniedEvery = 10 * time.Minute

// Denied counts attempts that the Redis of a plane refused, and tells each Tenant concerned by a Warning Event, at most once in
// ten minutes. Attempts in the name of nobody who is declared are only counted.
func (r *Reconciler) Denied(ctx context.Context, dp string, denials []plane.Denial) {
	by := map[string][]plane.Denial{}
	for _, d := range denials {
		r.Metrics.Denied(dp, boundary.Cache, string(d.Reason), int(d.Count))
		by[d.Tenant] = append(by[d.Tenant], d)
	}
	for id, list := range by {
		t, err := r.tenantOfID(ctx, dp, id)
		if err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "The Tenant of a refused attempt could not be looked up", "dataplane", dp)
			return
		}
		if t != nil && r.denied.news(t.UID, r.Clock.Now()) {
			r.Recorder.Eventf(t, nil, corev1.EventTypeWarning, tenantryv1.ReasonAttemptDenied, "Audit", "%s", deniedNote(list))
		}
	}
}

// deniedNote names the most frequent attempt and counts the rest.
func deniedNote(list []plane.Denial) string {
	worst := slices.MaxFunc(list, func(a, b plane.Denial) int { return cmp.Compare(a.Count, b.Count) })
	var total int64
	for _, d := range list {
		total += d.Count
	}
	return fmt.Sprintf("Cache: in this tenant's name %s; refused in all: %d. The boundary held. A client that is not set up right shows "+
		"like this, and so does somebody who tries doors: look at the workloads that hold the credential. This is said once in 10 "+
		"minutes; the metric tenantry_denied_attempts_total counts all", worst, total)
}

func (r *Reconciler) tenantOfID(ctx context.Context, dp, id string) (*tenantryv1.Tenant, error) {
	var list tenantryv1.TenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{indexTenantID: id}); err != nil {
		return nil, fmt.Errorf("list Tenants: %w", err)
	}
	for i := range list.Items {
		if t := &list.Items[i]; t.Spec.DataPlane == dp && t.Status.TenantID == id {
			return t, nil
		}
	}
	return nil, nil
}

// denials remembers when each Tenant was last told. It holds those of the last ten minutes only.
type denials struct {
	mu   sync.Mutex
	told map[types.UID]time.Time
}

func (d *denials) news(uid types.UID, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for other, at := range d.told {
		if now.Sub(at) >= deniedEvery {
			delete(d.told, other)
		}
	}
	if _, ok := d.told[uid]; ok {
		return false
	}
	if d.told == nil {
		d.told = map[types.UID]time.Time{}
	}
	d.told[uid] = now
	return true
}
