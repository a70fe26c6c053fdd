package gateway

import (
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
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
	"github.com/tenantry/tenantry/internal/controller/desired"
	"github.com/tenantry/tenantry/internal/credential"
)

// gatherFor is how long after a change the Secret is looked at. What changes in the meantime is covered by the same look: a
// thousand tenants that arrive at once are a few writes.
const gatherFor = 250 * time.Millisecond

// SetupWithManager registers the reconciler. It uses the indexes of the DataPlane and Tenant controllers. changed carries
// DataPlanes whose usability changed.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, changed <-chan event.GenericEvent, opts controller.Options) error {
	byName := later(func(_ context.Context, o client.Object) string { return o.GetName() })
	return ctrl.NewControllerManagedBy(mgr).
		Named("gateway").
		Watches(&tenantryv1.DataPlane{}, byName, builder.WithPredicates(planeMatters)).
		Watches(&tenantryv1.Tenant{}, later(planeOfTenant), builder.WithPredicates(tenantMatters)).
		Watches(&tenantryv1.Corpus{}, later(r.planeOfCorpus), builder.WithPredicates(corpusMatters)).
		Watches(&corev1.Secret{}, later(planeOfSecret)).
		WatchesRawSource(source.Channel(changed, byName)).
		WithOptions(opts).
		Complete(r)
}

// later is a handler that asks for the plane of an object, gatherFor from now. "" is none.
func later(plane func(context.Context, client.Object) string) handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	add := func(ctx context.Context, o client.Object, q queue) {
		if name := plane(ctx, o); name != "" {
			q.AddAfter(reconcile.Request{NamespacedName: types.NamespacedName{Name: name}}, gatherFor)
		}
	}
	return handler.Funcs{
		CreateFunc:  func(ctx context.Context, e event.CreateEvent, q queue) { add(ctx, e.Object, q) },
		UpdateFunc:  func(ctx context.Context, e event.UpdateEvent, q queue) { add(ctx, e.ObjectNew, q) },
		DeleteFunc:  func(ctx context.Context, e event.DeleteEvent, q queue) { add(ctx, e.Object, q) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q queue) { add(ctx, e.Object, q) },
	}
}

func planeOfTenant(_ context.Context, o client.Object) string {
	return o.(*tenantryv1.Tenant).Spec.DataPlane
}

func (r *Reconciler) planeOfCorpus(ctx context.Context, o client.Object) string {
	c := o.(*tenantryv1.Corpus)
	if c.Spec.Reference != nil {
		return c.Spec.Reference.DataPlane
	}
	var t tenantryv1.Tenant
	if err := r.Client.Get(ctx, types.NamespacedName{Name: c.Spec.Tenant}, &t); err != nil {
		return "" // the Tenant brings its plane when it comes
	}
	return t.Spec.DataPlane
}

// planeOfSecret is the plane whose Secret has that name, ours or in our way.
func planeOfSecret(_ context.Context, o client.Object) string {
	if plane, ok := strings.CutSuffix(o.GetName(), credential.GatewayMaterialName("")); ok {
		return plane
	}
	return ""
}

// The predicates let those updates through that change what a gateway needs. Counts and times in status move all day.
var (
	planeMatters = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*tenantryv1.DataPlane), e.ObjectNew.(*tenantryv1.DataPlane)
		return before.Generation != after.Generation || qdrantVersion(before) != qdrantVersion(after)
	}}
	tenantMatters = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*tenantryv1.Tenant), e.ObjectNew.(*tenantryv1.Tenant)
		return before.Generation != after.Generation || desired.Served(before) != desired.Served(after)
	}}
	corpusMatters = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*tenantryv1.Corpus), e.ObjectNew.(*tenantryv1.Corpus)
		return before.Generation != after.Generation || readiness(before) != readiness(after) ||
			!equality.Semantic.DeepEqual(before.Status.Placement, after.Status.Placement)
	}}
)

// readiness is what of a Corpus decides whether it counts for a token.
func readiness(c *tenantryv1.Corpus) string {
	for _, cond := range c.Status.Conditions {
		if cond.Type == tenantryv1.ConditionCollectionReady {
			return string(cond.Status) + cond.Reason
		}
	}
	return ""
}
