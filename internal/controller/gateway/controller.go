// Package gateway hands the gateways of each DataPlane what they work with: tokens for Qdrant of the least access, the key
// of the id mapping, and the public key that verifies gateway tokens, in one Secret of the operator's namespace.
package gateway

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/dataplane"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Reconciler keeps the Secret of each plane's gateways.
type Reconciler struct {
	Client   client.Client
	Recorder condition.Recorder
	Registry *connect.Registry
	Clock    clock.PassiveClock
	// Namespace the operator runs in, where the Secrets go; Installation is its UID.
	Namespace    string
	Installation string

	problems problems
}

// Reconcile brings the Secret of one DataPlane up to date, and comes back when the first of its tokens must be replaced. It
// writes nothing where nothing changed.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var dp tenantryv1.DataPlane
	err := r.Client.Get(ctx, types.NamespacedName{Name: req.Name}, &dp)
	if err != nil && !apierrors.IsNotFound(err) {
		return ctrl.Result{}, fmt.Errorf("read DataPlane: %w", err)
	}
	// A DataPlane that is being deleted waits for its tenants, which are served for as long.
	if err != nil || dp.Spec.Gateway == nil || dp.Spec.Qdrant == nil {
		r.problems.forget(req.Name)
		return ctrl.Result{}, r.remove(ctx, req.Name)
	}
	p := r.Registry.Get(dp.Name)
	if p == nil || p.Keys.Empty() || !usableVector(p) {
		return ctrl.Result{}, nil // what stands stays until its tokens expire; the DataPlane's reconciler calls again
	}
	return r.reconcile(ctx, &dp, p)
}

// usableVector says that the plane's Qdrant answers and carries this installation's claim.
func usableVector(p *connect.Plane) bool {
	l := p.Layer(boundary.Vector)
	return l != nil && l.Fault() == nil
}

func (r *Reconciler) reconcile(ctx context.Context, dp *tenantryv1.DataPlane, p *connect.Plane) (ctrl.Result, error) {
	s, err := r.standing(ctx, dp.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	if s != nil && !ours(s) {
		r.warn(dp, tenantryv1.ReasonSecretExists, fmt.Sprintf("Secret %s/%s exists and was not made by Tenantry for a gateway; it is "+
			"left alone, and this plane's gateways serve nobody: delete it, and it is made", s.Namespace, s.Name))
		return ctrl.Result{}, nil
	}
	w, err := r.want(ctx, dp, p)
	if err != nil {
		return ctrl.Result{}, err
	}
	now, old := r.Clock.Now(), credential.GatewayMaterial{}
	if s != nil {
		old, _ = credential.ParseGatewayMaterial(s.Data) // what cannot be read is written anew
	}
	o, err := w.next(old, now)
	if err != nil {
		return ctrl.Result{}, err
	}
	r.warnLeftOut(dp, o.leftOut)
	if o.changed || !usable(s, dp) {
		err = r.put(ctx, s, dp, o.material)
	}
	return ctrl.Result{RequeueAfter: due(o.material, now)}, err
}

func (r *Reconciler) want(ctx context.Context, dp *tenantryv1.DataPlane, p *connect.Plane) (want, error) {
	v, err := r.inventory(ctx, dp.Name)
	if err != nil {
		return want{}, err
	}
	ca, err := r.ca(ctx, dp)
	return want{
		material: credential.GatewayMaterial{
			Plane: dp.Name, Installation: r.Installation, IDMapping: p.Keys.IDMapping, VerifyKey: p.Keys.VerifyKey(),
			ServerVersion: qdrantVersion(dp), CA: ca,
		},
		sets: v.sets(p.Vector), key: p.QdrantKey,
	}, err
}

func qdrantVersion(dp *tenantryv1.DataPlane) string {
	for _, s := range dp.Status.Servers {
		if string(s.Layer) == string(boundary.Vector) {
			return s.Version
		}
	}
	return ""
}

// ca reads the bundle that Qdrant's certificate is checked with, by the same rule as the operator itself: a Secret in its
// own namespace with the plane's label. The layer is not usable where that cannot be had.
func (r *Reconciler) ca(ctx context.Context, dp *tenantryv1.DataPlane) ([]byte, error) {
	spec := dp.Spec.Qdrant.TLS
	if spec == nil || spec.Mode != tenantryv1.TLSCA || spec.CASecretRef == nil {
		return nil, nil
	}
	var s corev1.Secret
	if err := r.Client.Get(ctx, types.NamespacedName{Namespace: r.Namespace, Name: spec.CASecretRef.Name}, &s); err != nil {
		return nil, fmt.Errorf("read the CA for the gateway: %w", err)
	}
	if s.Labels[tenantryv1.DataPlaneLabel] != dp.Name || len(s.Data[spec.CASecretRef.Key]) == 0 {
		return nil, fmt.Errorf("secret %s/%s is not meant for this DataPlane, or has no key %q", s.Namespace, s.Name, spec.CASecretRef.Key)
	}
	return s.Data[spec.CASecretRef.Key], nil
}

func (r *Reconciler) inventory(ctx context.Context, plane string) (inventory, error) {
	var tenants tenantryv1.TenantList
	if err := r.Client.List(ctx, &tenants, client.MatchingFields{dataplane.IndexDataPlane: plane}); err != nil {
		return inventory{}, fmt.Errorf("list Tenants: %w", err)
	}
	var references, corpora tenantryv1.CorpusList
	if err := r.Client.List(ctx, &references, client.MatchingFields{dataplane.IndexDataPlane: plane}); err != nil {
		return inventory{}, fmt.Errorf("list reference Corpora: %w", err)
	}
	if err := r.Client.List(ctx, &corpora); err != nil {
		return inventory{}, fmt.Errorf("list Corpora: %w", err)
	}
	v := inventory{tenants: tenants.Items, references: references.Items, corpora: map[string][]tenantryv1.Corpus{}}
	for _, c := range corpora.Items {
		if c.Spec.Tenant != "" {
			v.corpora[c.Spec.Tenant] = append(v.corpora[c.Spec.Tenant], c)
		}
	}
	return v, nil
}
