// Package tenant reconciles Tenants: resources → desired → observed → plan → apply → status, the same way for every layer.
package tenant

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/audit"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/correction"
	"github.com/tenantry/tenantry/internal/controller/metrics"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Reconciler reconciles Tenants.
type Reconciler struct {
	Client   client.Client
	Recorder condition.Recorder
	Registry *connect.Registry
	Secrets  *credential.Store
	Metrics  *metrics.Metrics
	Clock    clock.PassiveClock
	// Audit brings back whoever needs it. nil only in tests: then an audit that is asked for is done at once.
	Audit Audit
	// Probes are the live probes; nil where there are none.
	Probes Probes

	// Fights are remembered here; nil for no memory.
	Fights *correction.Memory

	failing failures
	denied  denials
}

// Audit of the planes.
type Audit interface {
	// Ask asks for a round on behalf of an object, which is woken once it has ended, and then answered with true.
	Ask(o audit.Object, token string) bool
}

// +kubebuilder:rbac:groups=tenantry.dev,resources=tenants,verbs=get;list;watch;update;patch
// +kubebuilder:rbac:groups=tenantry.dev,resources=tenants/status,verbs=get;patch;update
// +kubebuilder:rbac:groups=tenantry.dev,resources=tenants/finalizers,verbs=update

// Reconcile brings one Tenant from observed to desired. It is called when the audit finds that there is something to do; by
// itself it comes back only to read the Secrets again, and while it cannot go on.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var t tenantryv1.Tenant
	if err := r.Client.Get(ctx, req.NamespacedName, &t); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := t.DeepCopy()
	s, err := r.gather(ctx, &t)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !t.DeletionTimestamp.IsZero() {
		return r.finalize(ctx, before, s)
	}
	if controllerutil.AddFinalizer(&t, tenantryv1.Finalizer) {
		if err := r.Client.Update(ctx, &t); err != nil {
			return ctrl.Result{}, fmt.Errorf("add finalizer: %w", err)
		}
		before = t.DeepCopy()
	}
	return r.reconcile(ctx, before, s)
}

func (r *Reconciler) reconcile(ctx context.Context, before *tenantryv1.Tenant, s *scope) (ctrl.Result, error) {
	if s.refusal == nil && s.plane == nil {
		return r.awaitPlane(ctx, before, s)
	}
	if token := s.tenant.Annotations[tenantryv1.ReconcileAtAnnotation]; token != s.tenant.Status.LastHandledReconcileAt {
		r.Fights.Forget(s.tenant.Spec.DataPlane, string(s.tenant.UID)) // whoever asks for a look at once does not want to wait
	}
	if s.refusal != nil {
		s.refusal.put(s.tenant)
	} else {
		if err := r.work(ctx, s); err != nil {
			return ctrl.Result{}, err
		}
		s.report(r.Clock.Now())
		r.Metrics.Tenant(s.tenant.Name, s.states())
		r.Metrics.Findings(s.tenant.Spec.DataPlane, s.tenant.Name, s.found(), s.unread()...)
	}
	if r.answered(s) {
		s.tenant.Status.LastHandledReconcileAt = s.tenant.Annotations[tenantryv1.ReconcileAtAnnotation]
	}
	if err := condition.Commit(ctx, r.Client, r.Recorder, before, s.tenant); err != nil {
		return ctrl.Result{}, err
	}
	r.tell(before, s)
	return ctrl.Result{RequeueAfter: r.next(s)}, nil
}

// answered says that a look that was asked for by annotation has been taken: by a round of the audit that began after that.
func (r *Reconciler) answered(s *scope) bool {
	token := s.tenant.Annotations[tenantryv1.ReconcileAtAnnotation]
	if r.Audit == nil || s.plane == nil || s.refusal != nil || token == "" || token == s.tenant.Status.LastHandledReconcileAt {
		return true
	}
	return r.Audit.Ask(audit.Object{Plane: s.plane.Name, Tenant: s.tenant.Name}, token)
}

// awaitPlane leaves what is known of a Tenant as it stands while this process has not opened its plane yet: a restart of
// the operator rewrites nothing. The DataPlane's reconciler calls again.
func (r *Reconciler) awaitPlane(ctx context.Context, before *tenantryv1.Tenant, s *scope) (ctrl.Result, error) {
	ready := condition.Get(s.tenant, tenantryv1.ConditionReady)
	if ready != nil && ready.ObservedGeneration == s.tenant.Generation {
		return ctrl.Result{}, nil
	}
	condition.Reconciling(s.tenant, tenantryv1.ReasonDataPlaneNotReady,
		fmt.Sprintf("DataPlane %q has not been opened yet", s.tenant.Spec.DataPlane))
	return ctrl.Result{}, condition.Commit(ctx, r.Client, r.Recorder, before, s.tenant)
}

const defaultRetry = 15 * time.Second

// resync is how often a Tenant is reconciled although nothing seems to be due, if it has no Secret to be read again.
const resync = 10 * time.Minute

// next is when to come back although nothing happens: when the first Secret is to be read again; and soon where that is what
// stands in the way, or the spec.
func (r *Reconciler) next(s *scope) time.Duration {
	if s.refusal != nil || s.credentialErr != nil || r.Audit == nil {
		return s.again()
	}
	names := s.readSecrets()
	if len(names) == 0 {
		return resync - time.Duration(rand.Int64N(int64(resync)/5)) //nolint:gosec // jitter
	}
	now := r.Clock.Now()
	wait := resync
	for _, name := range names {
		due := r.Secrets.Due(name, s.tenant)
		if due.IsZero() { // it is about to be written, or was deleted
			return s.again()
		}
		wait = min(wait, due.Sub(now))
	}
	return max(wait, 0) + time.Duration(rand.Int64N(int64(s.plane.Interval)/5+1)) + 1 //nolint:gosec // jitter
}

// readSecrets are those that are read while access is open.
func (s *scope) readSecrets() []types.NamespacedName {
	if s.desired.Access != boundary.Open {
		return nil
	}
	var out []types.NamespacedName
	for _, l := range s.wanted() {
		out = append(out, s.secretName(l))
	}
	if s.gatewayWanted() {
		out = append(out, s.gatewaySecretName())
	}
	return out
}

// again is when to try again: after an audit interval, spread out so that a fleet does not move in step.
func (s *scope) again() time.Duration {
	interval := defaultRetry
	if s.plane != nil {
		interval = s.plane.Interval
	}
	return interval + time.Duration(rand.Int64N(int64(interval)/5+1)) //nolint:gosec // jitter
}

// failures remembers since when a layer of a Tenant could not be read, so that a blip does not rewrite a whole fleet.
type failures struct {
	mu    sync.Mutex
	since map[failureKey]time.Time
}

type failureKey struct {
	tenant types.UID
	layer  string
}

// note records an outcome and returns for how long the layer has been failing, zero where it is not.
func (f *failures) note(tenant types.UID, layer string, failed bool, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := failureKey{tenant: tenant, layer: layer}
	if !failed {
		delete(f.since, key)
		return 0
	}
	if f.since == nil {
		f.since = map[failureKey]time.Time{}
	}
	if _, ok := f.since[key]; !ok {
		f.since[key] = now
	}
	return now.Sub(f.since[key])
}
