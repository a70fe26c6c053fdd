package corpus

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
		Named("corpus").
		For(&tenantryv1.Corpus{}, builder.WithPredicates(predicate.Or(
			predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&tenantryv1.Tenant{}, handler.EnqueueRequestsFromMapFunc(r.corporaOfTenant), builder.WithPredicates(tenant.Matters)).
		Watches(&tenantryv1.Corpus{}, handler.EnqueueRequestsFromMapFunc(r.siblings), builder.WithPredicates(tenant.Deleted)).
		WatchesRawSource(source.Channel(changed, handler.EnqueueRequestsFromMapFunc(r.corporaOfPlane))).
		WithOptions(opts).
		Complete(r)
}

func (r *Reconciler) corporaOfTenant(ctx context.Context, o client.Object) []reconcile.Request {
	return r.list(ctx, client.MatchingFields{tenant.IndexTenant: o.GetName()})
}

func (r *Reconciler) siblings(ctx context.Context, o client.Object) []reconcile.Request {
	if name := o.(*tenantryv1.Corpus).Spec.Tenant; name != "" {
		return r.list(ctx, client.MatchingFields{tenant.IndexTenant: name})
	}
	return nil
}

func (r *Reconciler) corporaOfPlane(ctx context.Context, o client.Object) []reconcile.Request {
	out := r.list(ctx, client.MatchingFields{dataplane.IndexDataPlane: o.GetName()})
	var tenants tenantryv1.TenantList
	if err := r.Client.List(ctx, &tenants, client.MatchingFields{dataplane.IndexDataPlane: o.GetName()}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Tenants of a DataPlane could not be listed", "dataplane", o.GetName())
		return out
	}
	for i := range tenants.Items {
		out = append(out, r.corporaOfTenant(ctx, &tenants.Items[i])...)
	}
	return out
}

func (r *Reconciler) list(ctx context.Context, by client.MatchingFields) []reconcile.Request {
	var list tenantryv1.CorpusList
	if err := r.Client.List(ctx, &list, by); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Corpora could not be listed")
		return nil
	}
	out := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		name := types.NamespacedName{Namespace: list.Items[i].Namespace, Name: list.Items[i].Name}
		out = append(out, reconcile.Request{NamespacedName: name})
	}
	return out
}
