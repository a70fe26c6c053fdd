package tenant

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/dataplane"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// finalize closes every way in, leaves a tombstone in place of the claim, removes the Secrets, and lets the Tenant go.
// Data stays. Erasing it is refused by this version: access is closed and the Tenant kept until the policy is Retain.
func (r *Reconciler) finalize(ctx context.Context, before *tenantryv1.Tenant, s *scope) (ctrl.Result, error) {
	t := s.tenant
	if !controllerutil.ContainsFinalizer(t, tenantryv1.Finalizer) {
		return ctrl.Result{}, nil
	}
	if s.dp == nil || s.neverBuilt() {
		return ctrl.Result{}, r.release(ctx, s)
	}
	erase := t.Spec.DeletionPolicy == tenantryv1.DeletionDelete
	if erase {
		s.desired.Access = boundary.Suspended
	}
	closed, why := r.closeAll(ctx, s)
	t.Status.GatewayTokenIDs = nil
	switch {
	case !closed && t.Annotations[tenantryv1.AbandonAnnotation] != "true":
		condition.Reconciling(t, tenantryv1.ReasonDeleting, why+"; tried again until it works. To let the Tenant go and leave that "+
			"server as it is, annotate it with "+tenantryv1.AbandonAnnotation+"=true")
	case erase:
		condition.Stalled(t, tenantryv1.ReasonNotSupported, "access is closed, but this version does not erase data and will not "+
			"pretend to; set spec.deletionPolicy: Retain to let the Tenant go and keep its data")
	default:
		return ctrl.Result{}, r.release(ctx, s)
	}
	return ctrl.Result{RequeueAfter: s.again()}, condition.Commit(ctx, r.Client, r.Recorder, before, t)
}

// neverBuilt says that nothing can stand on any server for this Tenant: it was refused from the start.
func (s *scope) neverBuilt() bool {
	return s.tenant.Status.TenantID == "" && s.refusal != nil && s.refusal.stalled
}

// closeAll closes every layer. why names the first one that could not be.
func (r *Reconciler) closeAll(ctx context.Context, s *scope) (closed bool, why string) {
	if s.plane == nil {
		return false, fmt.Sprintf("DataPlane %q has not been opened yet", s.tenant.Spec.DataPlane)
	}
	r.converge(ctx, s, true)
	for _, res := range s.results {
		switch {
		case res.err != nil:
			return false, fmt.Sprintf("%s: %s", res.layer.Name, res.err)
		case res.diff.Conflict != nil: // the id is somebody else's: nothing of this Tenant stands there
		case len(res.diff.Plan) > 0:
			return false, fmt.Sprintf("%s: %s", res.layer.Name, res.diff.Plan.Lines()[0])
		}
	}
	return true, ""
}

func (r *Reconciler) release(ctx context.Context, s *scope) error {
	for _, name := range s.everySecret() {
		if err := r.Secrets.Delete(ctx, name, s.tenant); err != nil && credential.Reason(err) == "" {
			return err
		}
	}
	for _, l := range []boundary.Layer{boundary.Vector, boundary.Rows, boundary.Cache} {
		r.failing.note(s.tenant.UID, string(l), false, r.Clock.Now())
	}
	r.Metrics.Tenant(s.tenant.Name, nil)
	r.Fights.Forget(s.tenant.Spec.DataPlane, string(s.tenant.UID))
	r.Metrics.Findings(s.tenant.Spec.DataPlane, s.tenant.Name, nil)
	return dataplane.RemoveFinalizer(ctx, r.Client, s.tenant)
}

// everySecret that may have been written: those in status, and those the spec names, for a crash may have come between.
func (s *scope) everySecret() []types.NamespacedName {
	out := s.issuedSecrets()
	if s.tenant.Spec.Credentials != nil {
		for _, l := range connect.Order {
			out = append(out, s.secretName(l))
		}
		out = append(out, s.gatewaySecretName())
	}
	return out
}
