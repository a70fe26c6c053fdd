// Package corpus reconciles Corpora: it decides once where a corpus stands, keeps its collection as declared, and hands
// out the loader credential of a reference.
package corpus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/metrics"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Reconciler reconciles Corpora.
type Reconciler struct {
	Client   client.Client
	Recorder condition.Recorder
	Registry *connect.Registry
	Secrets  *credential.Store
	Metrics  *metrics.Metrics
	Clock    clock.PassiveClock
	// Namespace the operator runs in; it is trusted.
	Namespace string

	counts counts
}

// +kubebuilder:rbac:groups=tenantry.dev,resources=corpora,verbs=get;list;watch;update;patch
// +kubebuilder:rbac:groups=tenantry.dev,resources=corpora/status,verbs=get;patch;update
// +kubebuilder:rbac:groups=tenantry.dev,resources=corpora/finalizers,verbs=update

// Reconcile brings one Corpus from observed to desired and comes back every audit interval.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var c tenantryv1.Corpus
	if err := r.Client.Get(ctx, req.NamespacedName, &c); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s, err := r.gather(ctx, &c)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !c.DeletionTimestamp.IsZero() {
		return r.finalize(ctx, s)
	}
	if controllerutil.AddFinalizer(&c, tenantryv1.Finalizer) {
		if err := r.Client.Update(ctx, &c); err != nil {
			return ctrl.Result{}, fmt.Errorf("add finalizer: %w", err)
		}
	}
	return r.reconcile(ctx, s)
}

func (r *Reconciler) reconcile(ctx context.Context, s *scope) (ctrl.Result, error) {
	before := s.corpus.DeepCopy()
	if s.refusal == nil && s.corpus.Status.Placement == nil {
		if err := r.place(ctx, s); err != nil {
			return ctrl.Result{}, err
		}
		before = s.corpus.DeepCopy()
	}
	s.corpus.Status.ObservedGeneration = s.corpus.Generation
	s.corpus.Status.LastHandledReconcileAt = s.corpus.Annotations[tenantryv1.ReconcileAtAnnotation]
	switch {
	case s.refusal != nil:
		s.refusal.put(s.corpus)
		if err := r.closeLoader(ctx, s); err != nil {
			return ctrl.Result{}, err
		}
	case s.plane == nil:
		s.awaitPlane()
	default:
		if err := r.work(ctx, s); err != nil {
			return ctrl.Result{}, err
		}
		s.report()
		r.countPoints(ctx, s)
	}
	return ctrl.Result{RequeueAfter: s.again()}, condition.Commit(ctx, r.Client, r.Recorder, before, s.corpus)
}

// awaitPlane leaves a Corpus that was looked at before as it stands while this process has not opened its plane yet.
func (s *scope) awaitPlane() {
	ready := condition.Get(s.corpus, tenantryv1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != s.corpus.Generation {
		condition.Reconciling(s.corpus, tenantryv1.ReasonDataPlaneNotReady,
			fmt.Sprintf("DataPlane %q has not been opened yet", s.planeName))
	}
}

// place records where the corpus stands before anything is built there.
func (r *Reconciler) place(ctx context.Context, s *scope) error {
	before := s.corpus.DeepCopy()
	s.corpus.Status.Placement = &s.placement
	if err := r.Client.Status().Patch(ctx, s.corpus.DeepCopy(), client.MergeFrom(before)); err != nil {
		return fmt.Errorf("write placement: %w", err)
	}
	return nil
}

const defaultRetry = 15 * time.Second

func (s *scope) again() time.Duration {
	interval := defaultRetry
	if s.plane != nil {
		interval = s.plane.Interval
	}
	return interval + time.Duration(rand.Int64N(int64(interval)/5+1)) //nolint:gosec // jitter
}
