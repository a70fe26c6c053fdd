package tenant

import (
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
)

// Attempt is what a server refused to somebody who came with a tenant's credential. It holds no key, value or row.
type Attempt struct {
	// Tenant is the tenantID whose credential it was.
	Tenant string
	// Node that refused, such as "redis-0.redis:6379".
	Node string
	// Reason is one of the words of deniedReasons; any other counts as "other".
	Reason string
	// What was tried, as a class: the name of a command, never the key it named.
	What string
	// Count of such attempts since they were last told of.
	Count int
}

// deniedReasons are the words that label the metric.
var deniedReasons = []string{"auth", "channel", "command", "key"}

// deniedEvery is how often a Tenant gets an Event about attempts that were refused.
const deniedEvery = 10 * time.Minute

// Denied counts attempts that the servers of a plane refused, and tells each Tenant concerned by a Warning Event, at most
// once in ten minutes. Attempts in the name of nobody who is declared are only counted.
func (r *Reconciler) Denied(ctx context.Context, plane string, layer boundary.Layer, attempts []Attempt) {
	by := map[string][]Attempt{}
	for _, a := range attempts {
		reason := a.Reason
		if !slices.Contains(deniedReasons, reason) {
			reason = "other"
		}
		r.Metrics.Denied(plane, layer, reason, a.Count)
		by[a.Tenant] = append(by[a.Tenant], a)
	}
	for id, list := range by {
		t, err := r.tenantOfID(ctx, plane, id)
		if err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "The Tenant of a refused attempt could not be looked up", "dataplane", plane)
			return
		}
		if t != nil && r.denied.news(t.UID, r.Clock.Now()) {
			r.Recorder.Eventf(t, nil, corev1.EventTypeWarning, tenantryv1.ReasonAttemptDenied, "Audit", "%s", deniedNote(layer, list))
		}
	}
}

// deniedNote names the most frequent attempt and counts the rest.
func deniedNote(layer boundary.Layer, list []Attempt) string {
	total, worst := 0, list[0]
	for _, a := range list {
		total += a.Count
		if a.Count > worst.Count {
			worst = a
		}
	}
	return fmt.Sprintf("%s: %d attempts with this tenant's credential were refused, %d of them at %s for the reason %q with %q. The boundary "+
		"held. A client that is not set up right shows like this, and so does somebody who tries doors: look at the workloads that hold "+
		"the credential. This is said once in 10 minutes; the metric tenantry_denied_attempts_total counts all",
		layer, total, worst.Count, worst.Node, worst.Reason, worst.What)
}

func (r *Reconciler) tenantOfID(ctx context.Context, plane, id string) (*tenantryv1.Tenant, error) {
	var list tenantryv1.TenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{indexTenantID: id}); err != nil {
		return nil, fmt.Errorf("list Tenants: %w", err)
	}
	for i := range list.Items {
		if t := &list.Items[i]; t.Spec.DataPlane == plane && t.Status.TenantID == id {
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
