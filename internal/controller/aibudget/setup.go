package aibudget

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/dataplane"
	"github.com/tenantry/tenantry/internal/controller/tenant"
)

// SetupWithManager registers the reconciler. changed carries DataPlanes whose usability changed.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, changed <-chan event.GenericEvent, opts controller.Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("aibudget").
		For(&tenantryv1.AIBudget{}, builder.WithPredicates(predicate.Or(
			predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&tenantryv1.AIBudget{}, handler.EnqueueRequestsFromMapFunc(r.siblings), builder.WithPredicates(tenant.Deleted)).
		Watches(&tenantryv1.Tenant{}, handler.EnqueueRequestsFromMapFunc(r.budgetsOfTenant), builder.WithPredicates(tenant.Matters)).
		Watches(&tenantryv1.DataPlane{}, handler.EnqueueRequestsFromMapFunc(r.budgetsOfPlane), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(source.Channel(changed, handler.EnqueueRequestsFromMapFunc(r.budgetsOfPlane))).
		WithOptions(opts).
		Complete(r)
}

func (r *Reconciler) siblings(ctx context.Context, o client.Object) []reconcile.Request {
	return r.list(ctx, o.(*tenantryv1.AIBudget).Spec.Tenant)
}

func (r *Reconciler) budgetsOfTenant(ctx context.Context, o client.Object) []reconcile.Request {
	return r.list(ctx, o.GetName())
}

func (r *Reconciler) budgetsOfPlane(ctx context.Context, o client.Object) []reconcile.Request {
	var tenants tenantryv1.TenantList
	if err := r.Client.List(ctx, &tenants, client.MatchingFields{dataplane.IndexDataPlane: o.GetName()}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Tenants of a DataPlane could not be listed", "dataplane", o.GetName())
		return nil
	}
	var out []reconcile.Request
	for i := range tenants.Items {
		out = append(out, r.list(ctx, tenants.Items[i].Name)...)
	}
	return out
}

func (r *Reconciler) list(ctx context.Context, tenantName string) []reconcile.Request {
	var list tenantryv1.AIBudgetList
	if err := r.Client.List(ctx, &list, client.MatchingFields{tenant.IndexTenant: tenantName}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "AIBudgets could not be listed", "tenant", tenantName)
		return nil
	}
	out := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		name := types.NamespacedName{Namespace: list.Items[i].Namespace, Name: list.Items[i].Name}
		out = append(out, reconcile.Request{NamespacedName: name})
	}
	return out
}
