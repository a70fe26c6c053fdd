// Package dataplane reconciles DataPlanes: it opens their servers, claims them, and keeps in place what the plane as a
// whole needs. Tenants and corpora find the open servers in a connect.Registry.
package dataplane

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/audit"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/correction"
	"github.com/tenantry/tenantry/internal/controller/metrics"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Reconciler reconciles DataPlanes.
type Reconciler struct {
	Client   client.Client
	Recorder condition.Recorder
	Registry *connect.Registry
	Metrics  *metrics.Metrics
	Clock    clock.PassiveClock
	// Namespace the operator runs in; Installation is its UID.
	Namespace    string
	Installation string
	// Changed is told the name of a plane whose usability changed, so that its tenants and corpora are looked at again.
	Changed func(plane string)
	// Audit looks at the plane's servers and Tenants over and over. nil only in tests: then one that is asked for is done at once.
	Audit Audit
	// Probes are the live probes; nil where there are none.
	Probes Probes
	// Fights are remembered here; nil for no memory.
	Fights *correction.Memory
	// Hooks for tests.
	Hooks connect.Hooks

	counted counted
}

// Audit of the planes.
type Audit interface {
	// Ensure begins to audit a plane, where that is not done yet, and Forget ends it.
	Ensure(plane string)
	Forget(plane string)
	// Ask asks for a round on behalf of an object, which is woken once it has ended, and then answered with true.
	Ask(o audit.Object, token string) bool
}

// +kubebuilder:rbac:groups=tenantry.dev,resources=dataplanes,verbs=get;list;watch;update;patch
// +kubebuilder:rbac:groups=tenantry.dev,resources=dataplanes/status,verbs=get;patch;update
// +kubebuilder:rbac:groups=tenantry.dev,resources=dataplanes/finalizers,verbs=update
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings one DataPlane from observed to desired. It comes back every audit interval.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var dp tenantryv1.DataPlane
	if err := r.Client.Get(ctx, req.NamespacedName, &dp); err != nil {
		if apierrors.IsNotFound(err) {
			r.drop(req.Name)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !dp.DeletionTimestamp.IsZero() {
		return r.finalize(ctx, &dp)
	}
	if controllerutil.AddFinalizer(&dp, tenantryv1.Finalizer) {
		if err := r.Client.Update(ctx, &dp); err != nil {
			return ctrl.Result{}, fmt.Errorf("add finalizer: %w", err)
		}
	}
	return r.reconcile(ctx, &dp)
}

func (r *Reconciler) reconcile(ctx context.Context, dp *tenantryv1.DataPlane) (ctrl.Result, error) {
	before := dp.DeepCopy()
	tenants, err := r.listTenants(ctx, dp.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	p, looks, err := r.open(ctx, dp)
	if err != nil {
		return ctrl.Result{}, err
	}
	for _, l := range looks {
		l.wasClaimed = claimedBefore(dp, l.layer.Name)
		l.reportOnly, l.drifted = reportsDrift(dp), stood(dp)
	}
	if dp.Annotations[tenantryv1.ReconcileAtAnnotation] != dp.Status.LastHandledReconcileAt {
		r.Fights.Forget(dp.Name, "") // whoever asks for a look at once does not want to wait
	}
	changed := r.settle(ctx, dp, p, looks)
	answered := r.answered(dp)
	report(dp, looks, tenants, r.Clock.Now())
	if answered {
		dp.Status.LastHandledReconcileAt = dp.Annotations[tenantryv1.ReconcileAtAnnotation]
	}
	r.reportProbes(before, dp)
	if err := condition.Commit(ctx, r.Client, r.Recorder, before, dp); err != nil {
		return ctrl.Result{}, err
	}
	r.tell(before, dp, looks)
	if changed {
		r.Changed(dp.Name)
	}
	return ctrl.Result{RequeueAfter: untilExpiry(dp, interval(dp), r.Clock.Now())}, nil
}

// answered sees to it that the plane is audited, and says that a look that was asked for by annotation has been taken: by a
// round of the audit that began after that.
func (r *Reconciler) answered(dp *tenantryv1.DataPlane) bool {
	if r.Audit == nil {
		return true
	}
	r.Audit.Ensure(dp.Name)
	token := dp.Annotations[tenantryv1.ReconcileAtAnnotation]
	return token == "" || token == dp.Status.LastHandledReconcileAt || r.Audit.Ask(audit.Object{Plane: dp.Name}, token)
}

// open opens the plane's servers and looks at each. The plane's keys are made here, once, when no server knows any yet.
func (r *Reconciler) open(ctx context.Context, dp *tenantryv1.DataPlane) (*connect.Plane, []*look, error) {
	res := &resolver{client: r.Client, namespace: r.Namespace, dp: dp}
	if err := r.ensureAppSecret(ctx, res); err != nil {
		// The Redis layer says that the Secret is missing; the others are none the worse for it.
		ctrl.LoggerFrom(ctx).Error(err, "The password of the pooled Redis user could not be made")
	}
	keys, keysErr := r.keys(ctx, res)
	p := r.openWith(ctx, res, keys)
	looks := r.look(ctx, p)
	if keysErr != nil && plane.CauseOf(keysErr) == secretNotFound && neverClaimed(looks, dp) {
		var err error
		if keys, err = r.makeKeys(ctx, dp); err != nil {
			return nil, nil, err
		}
		keysErr = nil
		p = r.openWith(ctx, res, keys)
		looks = r.look(ctx, p)
	}
	if keysErr != nil {
		refuseKeys(looks, p.Marker, keysErr)
	}
	return p, looks, nil
}

func (r *Reconciler) openWith(ctx context.Context, res *resolver, keys credential.PlaneKeys) *connect.Plane {
	settings := res.resolve(ctx, r.Installation, keys)
	settings.Hooks = r.Hooks
	if settings.Hooks.Clock == nil {
		settings.Hooks.Clock = r.Clock
	}
	return r.Registry.Open(settings, r.Clock.Now())
}

// finalize lets a DataPlane go once nothing names it. What stands on its servers stays.
func (r *Reconciler) finalize(ctx context.Context, dp *tenantryv1.DataPlane) (ctrl.Result, error) {
	tenants, err := r.countTenants(ctx, dp.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	references, err := r.countReferences(ctx, dp.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	if tenants+references > 0 {
		before := dp.DeepCopy()
		condition.Reconciling(dp, tenantryv1.ReasonTenantsRemain, fmt.Sprintf(
			"%d Tenants and %d reference Corpora still name this DataPlane; delete them first", tenants, references))
		return ctrl.Result{RequeueAfter: interval(dp)}, condition.Commit(ctx, r.Client, r.Recorder, before, dp)
	}
	r.closeCanaries(ctx, dp)
	r.drop(dp.Name)
	r.Metrics.Forget(dp.Name)
	r.counted.forget(dp.Name)
	return ctrl.Result{}, RemoveFinalizer(ctx, r.Client, dp)
}

// drop closes a plane.
func (r *Reconciler) drop(name string) {
	if r.Audit != nil {
		r.Audit.Forget(name)
	}
	r.Registry.Drop(name)
}

// RemoveFinalizer lets an object go. The optimistic lock keeps a finalizer that somebody else just added.
func RemoveFinalizer(ctx context.Context, c client.Client, o client.Object) error {
	before := o.DeepCopyObject().(client.Object)
	if !controllerutil.RemoveFinalizer(o, tenantryv1.Finalizer) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := c.Patch(ctx, o, patch); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("remove finalizer: %w", err))
	}
	return nil
}

func (r *Reconciler) countTenants(ctx context.Context, dp string) (int, error) {
	list, err := r.listTenants(ctx, dp)
	return len(list), err
}

func (r *Reconciler) listTenants(ctx context.Context, dp string) ([]tenantryv1.Tenant, error) {
	var list tenantryv1.TenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{IndexDataPlane: dp}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list Tenants: %w", err)
	}
	return list.Items, nil
}

func (r *Reconciler) countReferences(ctx context.Context, dp string) (int, error) {
	var list tenantryv1.CorpusList
	if err := r.Client.List(ctx, &list, client.MatchingFields{IndexDataPlane: dp}); err != nil {
		return 0, fmt.Errorf("list Corpora: %w", err)
	}
	return len(list.Items), nil
}

// ensureAppSecret makes the password of the pooled cache user where the spec leaves that to the operator.
func (r *Reconciler) ensureAppSecret(ctx context.Context, res *resolver) error {
	if !res.needsAppSecret(ctx) {
		return nil
	}
	return r.createSecret(ctx, res.dp, appSecretName(res.dp), map[string][]byte{
		"username": []byte(res.dp.Spec.Redis.AppUser), "password": []byte(credential.NewPassword().Reveal()),
	})
}

func (r *Reconciler) createSecret(ctx context.Context, dp *tenantryv1.DataPlane, name string, data map[string][]byte) error {
	s := &corev1.Secret{Data: data}
	s.Name, s.Namespace = name, r.Namespace
	s.Labels = map[string]string{
		tenantryv1.DataPlaneLabel: dp.Name, tenantryv1.ManagedByLabel: tenantryv1.ManagedByValue,
	}
	// One that exists already is an error: somebody else made it since it was looked for, and theirs counts.
	if err := r.Client.Create(ctx, s); err != nil {
		return fmt.Errorf("create Secret %s/%s: %w", r.Namespace, name, err)
	}
	return nil
}

const lookTimeout = 20 * time.Second
