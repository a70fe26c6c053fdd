package dataplane

import (
	"context"

	corev1 "k8s.io/api/core/v1"
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
)

// IndexDataPlane indexes Tenants and reference Corpora by the DataPlane they name.
const IndexDataPlane = "dataplane"

// SetupWithManager registers the reconciler and the indexes it needs. woken carries DataPlanes that the audit found to be
// worked on.
func (r *Reconciler) SetupWithManager(
	ctx context.Context, mgr ctrl.Manager, woken <-chan event.GenericEvent, opts controller.Options,
) error {
	idx := mgr.GetFieldIndexer()
	if err := idx.IndexField(ctx, &tenantryv1.Tenant{}, IndexDataPlane, func(o client.Object) []string {
		return []string{o.(*tenantryv1.Tenant).Spec.DataPlane}
	}); err != nil {
		return err
	}
	if err := idx.IndexField(ctx, &tenantryv1.Corpus{}, IndexDataPlane, func(o client.Object) []string {
		if ref := o.(*tenantryv1.Corpus).Spec.Reference; ref != nil {
			return []string{ref.DataPlane}
		}
		return nil
	}); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("dataplane").
		For(&tenantryv1.DataPlane{}, builder.WithPredicates(predicate.Or(
			predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(planeOfSecret)).
		Watches(&tenantryv1.Tenant{}, handler.EnqueueRequestsFromMapFunc(planeOfTenant),
			builder.WithPredicates(createdOrDeleted)).
		WatchesRawSource(source.Channel(woken, &handler.EnqueueRequestForObject{})).
		WithOptions(opts).
		Complete(r)
}

func planeOfSecret(_ context.Context, o client.Object) []reconcile.Request {
	if name := o.GetLabels()[tenantryv1.DataPlaneLabel]; name != "" {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: name}}}
	}
	return nil
}

func planeOfTenant(_ context.Context, o client.Object) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: o.(*tenantryv1.Tenant).Spec.DataPlane}}}
}

// createdOrDeleted lets only those through: status counts Tenants.
var createdOrDeleted = predicate.Funcs{
	UpdateFunc: func(event.UpdateEvent) bool { return false },
}
