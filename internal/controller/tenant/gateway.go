package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/credential"
)

// gatewaySuffix of the Secret with the token for the plane's gateways. It opens no server: gateways check the token with the
// plane's public key, and that status lists its id.
const gatewaySuffix = "gateway"

// countsUnread is how long the tokens that status lists go on to count while their Secret may not be read: a right that is
// missing by mistake must not cut a tenant off at once, and one that was taken away must not keep a revocation from counting.
const countsUnread = 15 * time.Minute

// gateway is what stands in that Secret.
type gateway struct {
	// binding whose token was accepted, nil where none was.
	binding credential.Binding
	// claims of that token.
	claims credential.GatewayClaims
	// unread: the Secret may not be read. What status lists counts on, if it has not ended, and nothing else begins to.
	unread bool
	// ended: the only token that this process has read there has expired, or has not been read for too long.
	ended bool
}

// gatewayWanted says whether the tenant is to have a gateway token: the plane has a gateway and there is something to reach
// through it. Once issued it stays as long as there is a gateway: what it opens is decided there for every request, and a
// reference that is unready for a moment must not cost anybody the token.
func (s *scope) gatewayWanted() bool {
	if s.tenant.Spec.Credentials == nil || s.dp.Spec.Gateway == nil || s.plane.Layer(boundary.Vector) == nil {
		return false
	}
	return s.tenant.Status.GatewaySecretName != "" || len(s.desired.Corpora) > 0 || len(s.desired.References) > 0
}

func (s *scope) gatewayMissing() bool { return s.gatewayWanted() && s.gateway.binding == nil }

func (s *scope) gatewaySecretName() types.NamespacedName { return s.named(gatewaySuffix) }

// readGateway takes the token back from the Secret, if it is one. A Secret that is not ours, or that was deleted and is held
// back, is as good as none: whoever may make Secrets in that namespace must not be able to undo a revocation.
func (r *Reconciler) readGateway(ctx context.Context, s *scope) error {
	if !s.gatewayWanted() {
		return nil
	}
	b, err := r.Secrets.Get(ctx, s.gatewaySecretName(), s.tenant)
	now := r.Clock.Now()
	switch forbidden, ok := errors.AsType[*credential.ForbiddenError](err); {
	case ok:
		s.credentialErr = err
		s.gateway.unread = true
		s.gateway.ended = now.Sub(s.unreadSince(forbidden, b)) >= countsUnread
	case credential.Reason(err) != "":
		s.credentialErr, b = err, nil
	case err != nil:
		return err
	}
	if claims, ok := s.acceptGateway(b, now); ok {
		s.gateway.binding, s.gateway.claims = b, claims
	} else if b != nil && s.gateway.unread {
		s.gateway.ended = true
	}
	return nil
}

// unreadSince is since when the Secret may not be read. A process that has never read it goes by the condition that one
// before it left, so that a restart begins no new time.
func (s *scope) unreadSince(e *credential.ForbiddenError, last credential.Binding) time.Time {
	c := condition.Get(s.tenant, tenantryv1.ConditionCredentialsIssued)
	if last == nil && c != nil && c.Reason == tenantryv1.ReasonSecretForbidden && c.LastTransitionTime.Time.Before(e.Since) {
		return c.LastTransitionTime.Time
	}
	return e.Since
}

// acceptGateway says whether what stands in the Secret is a live token of this tenant and plane.
func (s *scope) acceptGateway(b credential.Binding, now time.Time) (credential.GatewayClaims, bool) {
	claims, err := credential.VerifyGatewayToken(s.plane.Keys.VerifyKey(), b.Secret().Reveal(), now)
	return claims, err == nil && claims.TenantUID == s.desired.UID && claims.Plane == s.plane.Name
}

// writeGateway issues a token where there is none, and replaces one whose end is near: the Secret names the one before, which
// stays accepted until its own end. The Secret alone decides which tokens count, so that a crash at any point, or an old
// read of the Tenant, can bring back none that was revoked.
func (r *Reconciler) writeGateway(ctx context.Context, s *scope) error {
	if !s.gatewayWanted() {
		s.gateway = gateway{}
		return nil
	}
	now, next := r.Clock.Now(), s.gateway
	token, previous := next.binding.Secret(), s.previousTokenID(now)
	if next.binding == nil || next.claims.NeedsRenewal(now) {
		previous = next.claims.TokenID
		next.claims = credential.GatewayClaims{
			TokenID: credential.NewTokenID(), TenantUID: s.desired.UID, Plane: s.plane.Name,
			Issued: now, Expires: now.Add(credential.GatewayTokenLifetime),
		}
		var err error
		if token, err = credential.MintGatewayToken(s.plane.Keys.TokenSigning, next.claims); err != nil {
			return fmt.Errorf("mint gateway token: %w", err)
		}
	}
	var err error
	if next.binding, err = s.gatewayBinding(token, previous); err != nil {
		return err
	}
	if next.binding.Equal(s.gateway.binding) {
		return nil
	}
	if err := r.Secrets.Put(ctx, s.gatewaySecretName(), s.tenant, next.binding); credential.Reason(err) != "" {
		s.credentialErr = err
		if !credential.IsForbidden(err) { // it is not ours: what was read there counts no longer
			r.Secrets.Forget(s.gatewaySecretName())
			s.gateway = gateway{}
		}
		return nil
	} else if err != nil {
		return err
	}
	s.gateway = next
	return nil
}

// gatewayBinding is what the Secret says of a token and the one that it replaced.
func (s *scope) gatewayBinding(token boundary.Secret, previous string) (credential.Binding, error) {
	g := s.dp.Spec.Gateway
	b, err := credential.Gateway(g.URL, g.GRPCAddress, s.logicalCollections(), token)
	if err != nil {
		return nil, err
	}
	return b.Replacing(previous), nil
}

// logicalCollections are the names that the tenant uses at the gateway: those of its corpora, and of the references'
// collections, which no corpus can have.
func (s *scope) logicalCollections() []string {
	var out []string
	for _, c := range s.desired.Corpora {
		out = append(out, c.Name)
	}
	return append(out, s.desired.References...)
}

// previousTokenID is the token that the one in the Secret replaced, "" once that has expired.
func (s *scope) previousTokenID(now time.Time) string {
	id := s.gateway.binding.PreviousID()
	if !credential.IsTokenID(id) || id == s.gateway.claims.TokenID || s.gateway.claims.OutlivesPrevious(now) {
		return ""
	}
	return id
}

// reportGateway says which tokens count: those of the Secret. A token whose Secret is gone is revoked at once, also while
// a layer that is not verified keeps the next one back.
func (s *scope) reportGateway(now time.Time) {
	st := &s.tenant.Status
	switch {
	case s.desired.Access != boundary.Open:
		st.GatewayTokenIDs = nil // the Secret stays: the same token counts again when access is Active
	case !s.mayIssue():
	case !s.gatewayWanted(), s.gateway.ended:
		st.GatewayTokenIDs = nil
	case s.gateway.unread && s.gateway.binding == nil: // never read: status is all that is known
	case s.gateway.unread:
		st.GatewayTokenIDs = slices.DeleteFunc(st.GatewayTokenIDs, func(id string) bool { return !slices.Contains(s.counting(now), id) })
	default:
		st.GatewayTokenIDs = s.counting(now)
	}
}

// counting are the ids that the Secret holds: of its token, and of the one that this has replaced.
func (s *scope) counting(now time.Time) []string {
	if s.gateway.binding == nil {
		return nil
	}
	ids := []string{s.gateway.claims.TokenID}
	if id := s.previousTokenID(now); id != "" {
		ids = append(ids, id)
	}
	return ids
}
