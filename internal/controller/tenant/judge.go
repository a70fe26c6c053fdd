package tenant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/audit"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Names lists the Tenants of a plane.
func (r *Reconciler) Names(ctx context.Context, p *connect.Plane) ([]string, error) {
	var list tenantryv1.TenantList
	if err := r.Client.List(ctx, &list, client.MatchingFields{indexDataPlane: p.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list Tenants: %w", err)
	}
	out := make([]string, len(list.Items))
	for i := range list.Items {
		out[i] = list.Items[i].Name
	}
	return out, nil
}

// Judge compares one Tenant with the audit's snapshots the way a reconcile does, and says whether a reconcile would change
// anything: on a server, in a Secret or in status. It writes nothing, and asks neither a server nor the API server.
func (r *Reconciler) Judge(ctx context.Context, name string) (audit.Urgency, error) {
	var t tenantryv1.Tenant
	if err := r.Client.Get(ctx, types.NamespacedName{Name: name}, &t); err != nil {
		return audit.Settled, client.IgnoreNotFound(err)
	}
	if !t.DeletionTimestamp.IsZero() || !controllerutil.ContainsFinalizer(&t, tenantryv1.Finalizer) {
		return audit.Settled, nil // it comes back by itself
	}
	before := t.Status.DeepCopy()
	s, err := r.gather(ctx, &t)
	if err != nil || s.plane == nil {
		return audit.Settled, err
	}
	if s.refusal != nil {
		s.refusal.put(&t)
	} else {
		if r.look(ctx, s) {
			return audit.Now, nil
		}
		s.report(r.Clock.Now())
	}
	switch {
	case equality.Semantic.DeepEqual(before, &t.Status):
		return audit.Settled, nil
	case s.unreachable():
		return audit.Later, nil
	}
	return audit.Now, nil
}

// look judges every layer, and says whether there is something to do.
func (r *Reconciler) look(ctx context.Context, s *scope) (due bool) {
	open := s.desired.Access == boundary.Open
	if open {
		r.recall(s)
	}
	s.decide()
	for _, l := range s.plane.Layers() {
		res := &result{layer: l}
		res.look(ctx, s.desired, r.Clock.Now(), s.plane.Interval)
		s.results = append(s.results, res)
		due = due || len(r.due(s, res)) > 0 && s.works(l.Name)
	}
	r.probed(s)
	for _, res := range s.results {
		r.weigh(s, res, r.Clock.Now())
	}
	switch {
	case due || !open || !s.mayIssue():
	case s.allSettled():
		return r.issueIsDue(s)
	case len(s.missing()) > 0 || s.gatewayMissing():
		s.credentialErr = errNotVerified
	}
	return due
}

// look compares one layer with the snapshot that the audit took of it. A server that could not be read is not asked.
func (res *result) look(ctx context.Context, want boundary.Tenant, now time.Time, interval time.Duration) {
	fault, audited := res.layer.Fault(), res.layer.Audited()
	switch {
	case res.layer.Server == nil:
		res.err = fault
	case res.layer.Partial(): // what part of it answered is in the snapshot
		res.diff, res.err = res.layer.Server.DiffTenant(ctx, want, plane.Recent)
		if res.err == nil {
			res.err = fault
		}
	case fault != nil:
		res.err = fault
	case audited.Err != nil:
		res.err = audited.Err
	case audited.At.IsZero():
		res.err = errNotAudited
	default:
		res.diff, res.err = res.layer.Server.DiffTenant(ctx, want, plane.Recent)
	}
	if res.err != nil {
		res.failingFor = failingFor(res.layer, now, interval)
	}
}

var errNotAudited = plane.Faultf(plane.Unreachable, nil, "the server has not been audited yet")

// failingFor is for how long a layer as a whole has been failing: since it cannot be used, or by the audits that were missed.
func failingFor(l *connect.Layer, now time.Time, interval time.Duration) time.Duration {
	failing := time.Duration(l.Audited().Missed) * interval
	if since := l.FailingSince(); !since.IsZero() {
		failing = max(failing, now.Sub(since))
	}
	return failing
}

// unreachable says that a layer could not be reached.
func (s *scope) unreachable() bool {
	return slices.ContainsFunc(s.results, func(res *result) bool {
		return res.err != nil && plane.CauseOf(res.err) == plane.Unreachable
	})
}

// recall takes what is known of the Secrets as desired. One that is not known is one that is missing.
func (r *Reconciler) recall(s *scope) {
	s.bindings = map[boundary.Layer]credential.Binding{}
	s.desired.Credentials = map[boundary.Layer]boundary.Credential{}
	now := r.Clock.Now()
	for _, l := range s.wanted() {
		b := r.Secrets.Known(s.secretName(l), s.tenant)
		s.take(l, b, now)
	}
	if !s.gatewayWanted() {
		return
	}
	b := r.Secrets.Known(s.gatewaySecretName(), s.tenant)
	if claims, ok := s.acceptGateway(b, now); ok {
		s.gateway.binding, s.gateway.claims = b, claims
	}
}

// issueIsDue says whether a reconcile would write a Secret.
func (r *Reconciler) issueIsDue(s *scope) bool {
	now := r.Clock.Now()
	if len(s.missing()) > 0 || s.gatewayMissing() || s.tokenIsDue(now) {
		return true
	}
	for _, l := range s.wanted() {
		if b, err := s.binding(l); err != nil || !b.Equal(s.bindings[l]) {
			return true
		}
	}
	if !s.gatewayWanted() {
		return false
	}
	b, err := s.gatewayBinding(s.gateway.binding.Secret(), s.previousTokenID(now))
	return err != nil || s.gateway.claims.NeedsRenewal(now) || !b.Equal(s.gateway.binding)
}
