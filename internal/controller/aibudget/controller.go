// Package aibudget reconciles AIBudgets: it keeps a tenant's limits in the ledger of its plane as they are declared, and shows
// where the tenant stands.
//
// Nothing is removed with an AIBudget: its limits hold until the Tenant goes, so that there is no finalizer.
package aibudget

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/metrics"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Reconciler reconciles AIBudgets.
type Reconciler struct {
	Client   client.Client
	Recorder condition.Recorder
	Registry *connect.Registry
	Metrics  *metrics.Metrics
	Clock    clock.PassiveClock
	// Namespace the operator runs in; it is trusted.
	Namespace string

	memory memory
}

// +kubebuilder:rbac:groups=tenantry.dev,resources=aibudgets,verbs=get;list;watch
// +kubebuilder:rbac:groups=tenantry.dev,resources=aibudgets/status,verbs=get;patch;update

// Reconcile brings one AIBudget from observed to desired and comes back every audit interval. Looking again at a settled one
// costs no round trip: all budgets of a plane share one snapshot per interval.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var b tenantryv1.AIBudget
	err := r.Client.Get(ctx, req.NamespacedName, &b)
	if apierrors.IsNotFound(err) || err == nil && !b.DeletionTimestamp.IsZero() {
		r.memory.forget(req.NamespacedName)
		r.Metrics.Budget(req.String(), nil)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("read AIBudget: %w", err)
	}
	s, err := r.gather(ctx, &b)
	if err != nil {
		return ctrl.Result{}, err
	}
	return r.reconcile(ctx, s)
}

func (r *Reconciler) reconcile(ctx context.Context, s *scope) (ctrl.Result, error) {
	before := s.budget.DeepCopy()
	switch {
	case s.refusal != nil:
		s.refusal.put(s.budget)
	case s.plane == nil:
		if s.seen() {
			return ctrl.Result{RequeueAfter: s.again()}, nil
		}
		condition.Reconciling(s.budget, tenantryv1.ReasonDataPlaneNotReady, fmt.Sprintf("DataPlane %q has not been opened yet", s.dp.Name))
	default:
		r.work(ctx, s)
		s.report(r.Clock.Now(), r.memory.turn(s.name(), s.budget.Status.Usage == nil, r.Clock.Now()))
	}
	s.budget.Status.ObservedGeneration = s.budget.Generation
	s.budget.Status.LastHandledReconcileAt = s.budget.Annotations[tenantryv1.ReconcileAtAnnotation]
	r.Metrics.Budget(s.name().String(), s.figures())
	if len(s.alerts) > 0 {
		recorded, err := r.announce(ctx, s, before)
		if apierrors.IsConflict(err) {
			return ctrl.Result{RequeueAfter: soon}, nil // what was read is old; somebody may have announced it already
		}
		if err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(err)
		}
		before = recorded
	}
	if s.moved {
		r.memory.wrote(s.name(), r.Clock.Now())
	}
	return ctrl.Result{RequeueAfter: s.again()}, condition.Commit(ctx, r.Client, r.Recorder, before, s.budget)
}

// seen says that status speaks of the spec as it is: a restart of the operator rewrites nothing until it knows better.
func (s *scope) seen() bool {
	ready := condition.Get(s.budget, tenantryv1.ConditionReady)
	return ready != nil && ready.ObservedGeneration == s.budget.Generation
}

const (
	defaultRetry = 15 * time.Second
	soon         = time.Second
)

// again is when to look again: every audit interval, spread out so that a fleet does not move in step.
func (s *scope) again() time.Duration {
	interval := defaultRetry
	if s.plane != nil {
		interval = s.plane.Interval
	}
	return interval + time.Duration(rand.Int64N(int64(interval)/5+1)) //nolint:gosec // jitter
}
