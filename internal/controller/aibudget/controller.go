// Package aibudget reconciles AIBudgets. This version keeps no ledger, and says so: an AIBudget is never reported as
// enforced.
package aibudget

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/condition"
)

const message = "this version does not enforce budgets: no limit is written anywhere and no spend is counted"

// Reconciler reconciles AIBudgets.
type Reconciler struct {
	Client   client.Client
	Recorder condition.Recorder
}

// +kubebuilder:rbac:groups=tenantry.dev,resources=aibudgets,verbs=get;list;watch
// +kubebuilder:rbac:groups=tenantry.dev,resources=aibudgets/status,verbs=get;patch;update

// Reconcile says that the budget is not enforced.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var b tenantryv1.AIBudget
	if err := r.Client.Get(ctx, req.NamespacedName, &b); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := b.DeepCopy()
	b.Status.ObservedGeneration = b.Generation
	b.Status.LastHandledReconcileAt = b.Annotations[tenantryv1.ReconcileAtAnnotation]
	condition.Put(&b, tenantryv1.ConditionEnforced, metav1.ConditionFalse, tenantryv1.ReasonNotEnforced, message)
	condition.Put(&b, tenantryv1.ConditionWithinBudget, metav1.ConditionUnknown, tenantryv1.ReasonNotEnforced, message)
	condition.Stalled(&b, tenantryv1.ReasonNotSupported, message)
	return ctrl.Result{}, condition.Commit(ctx, r.Client, r.Recorder, before, &b)
}

// SetupWithManager registers the reconciler.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("aibudget").
		For(&tenantryv1.AIBudget{}, builder.WithPredicates(predicate.Or(
			predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Complete(r)
}
