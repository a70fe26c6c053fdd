package tenant

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
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
)

// IndexTenant indexes Corpora and AIBudgets by the Tenant they name.
const IndexTenant = "tenant"

const (
	indexDataPlane = dataplane.IndexDataPlane
	indexTenantID  = "tenantID"
)

// SetupWithManager registers the reconciler and the indexes it needs. changed carries DataPlanes whose usability changed,
// woken Tenants that the audit found to be worked on.
func (r *Reconciler) SetupWithManager(
	ctx context.Context, mgr ctrl.Manager, changed, woken <-chan event.GenericEvent, opts controller.Options,
) error {
	idx := mgr.GetFieldIndexer()
	if err := idx.IndexField(ctx, &tenantryv1.Corpus{}, IndexTenant, func(o client.Object) []string {
		return []string{o.(*tenantryv1.Corpus).Spec.Tenant}
	}); err != nil {
		return err
	}
	if err := idx.IndexField(ctx, &tenantryv1.AIBudget{}, IndexTenant, func(o client.Object) []string {
		return []string{o.(*tenantryv1.AIBudget).Spec.Tenant}
	}); err != nil {
		return err
	}
	if err := idx.IndexField(ctx, &tenantryv1.Tenant{}, indexTenantID, func(o client.Object) []string {
		return []string{o.(*tenantryv1.Tenant).EffectiveTenantID()}
	}); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("tenant").
		For(&tenantryv1.Tenant{}, builder.WithPredicates(predicate.Or(
			predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&tenantryv1.Corpus{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfCorpus)).
		Watches(&tenantryv1.DataPlane{}, handler.EnqueueRequestsFromMapFunc(r.tenantsOfPlane), builder.WithPredicates(planeMatters)).
		WatchesRawSource(source.Channel(changed, handler.EnqueueRequestsFromMapFunc(r.tenantsOfPlane))).
		WatchesRawSource(source.Channel(woken, &handler.EnqueueRequestForObject{})).
		WithOptions(opts).
		Complete(r)
}

// planeMatters lets a new DataPlane through, and one whose gateway came, went or moved, or which judges drift or hazards
// otherwise.
var planeMatters = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*tenantryv1.DataPlane), e.ObjectNew.(*tenantryv1.DataPlane)
		return !equality.Semantic.DeepEqual(before.Spec.Gateway, after.Spec.Gateway) || before.Spec.Drift != after.Spec.Drift ||
			!equality.Semantic.DeepEqual(before.Spec.AcceptedHazards, after.Spec.AcceptedHazards)
	},
	DeleteFunc: func(event.DeleteEvent) bool { return false },
}

// Matters lets those updates of a Tenant through that what names it depends on: its spec, and that its id is claimed.
var Matters = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*tenantryv1.Tenant), e.ObjectNew.(*tenantryv1.Tenant)
		return before.Generation != after.Generation || before.Status.TenantID != after.Status.TenantID
	},
}

// Deleted lets deletions through alone: those of an object that leaves its name, its place or its tenant to another one.
var Deleted = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(event.UpdateEvent) bool { return false },
}

func (r *Reconciler) tenantsOfPlane(ctx context.Context, o client.Object) []reconcile.Request {
	return r.tenants(ctx, o.GetName(), func(*tenantryv1.Tenant) bool { return true })
}

// tenantsOfCorpus is the Tenant a Corpus names, or those that may read a reference.
func (r *Reconciler) tenantsOfCorpus(ctx context.Context, o client.Object) []reconcile.Request {
	c := o.(*tenantryv1.Corpus)
	if ref := c.Spec.Reference; ref != nil {
		return r.tenants(ctx, ref.DataPlane, func(t *tenantryv1.Tenant) bool {
			return slices.Contains(t.Spec.Jurisdictions, ref.Jurisdiction)
		})
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Name: c.Spec.Tenant}}}
}

func (r *Reconciler) tenants(ctx context.Context, dp string, keep func(*tenantryv1.Tenant) bool) []reconcile.Request {
	var list tenantryv1.TenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{indexDataPlane: dp}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Tenants of a DataPlane could not be listed", "dataplane", dp)
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		if keep(&list.Items[i]) {
			out = append(out, reconcile.Request{NamespacedName: types.NamespacedName{Name: list.Items[i].Name}})
		}
	}
	return out
}
