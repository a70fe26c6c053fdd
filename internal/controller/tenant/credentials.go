package tenant

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/credential"
)

var errNotVerified = errors.New("credentials wait until every layer is verified")

// suffix of the Secret of a layer.
var suffix = map[boundary.Layer]string{boundary.Vector: "qdrant", boundary.Rows: "postgres", boundary.Cache: "redis"}

// work converges the layers and hands out credentials. A tenant without credentials is built closed first; only when
// every layer is verified are credentials made, put on the servers, verified again, and written to Secrets at last.
func (r *Reconciler) work(ctx context.Context, s *scope) error {
	// Closing needs no credential: whatever becomes of the Secrets, it cannot be put off.
	if s.desired.Access == boundary.Open {
		if err := r.readCredentials(ctx, s); err != nil {
			return err
		}
	}
	s.decide()
	r.converge(ctx, s, false)
	if s.desired.Access != boundary.Open || !s.mayIssue() || s.credentialErr != nil {
		return nil
	}
	if !s.allSettled() {
		if len(s.missing()) > 0 || s.gatewayMissing() {
			s.credentialErr = errNotVerified
		}
		return nil
	}
	return r.issue(ctx, s)
}

func (s *scope) mayIssue() bool { return s.tenant.Spec.Mode != tenantryv1.ModePlan }

// wanted lists the layers that a Secret is wanted for. A tenant whose corpora are all shared gets none for Vector: any
// token of Qdrant's can read the files of the whole collection.
func (s *scope) wanted() []boundary.Layer {
	if s.tenant.Spec.Credentials == nil {
		return nil
	}
	var out []boundary.Layer
	for _, l := range s.plane.Layers() {
		switch {
		case l.Name == boundary.Vector && len(vector.AccessList(s.desired)) == 0:
		case l.Name == boundary.Rows && !s.desired.Login:
		default:
			out = append(out, l.Name)
		}
	}
	return out
}

// missing lists the layers that a Secret is wanted for and whose servers have no credential for it yet.
func (s *scope) missing() []boundary.Layer {
	return slices.DeleteFunc(s.wanted(), func(l boundary.Layer) bool {
		_, ok := s.desired.Credentials[l]
		return ok
	})
}

func (s *scope) secretName(l boundary.Layer) types.NamespacedName { return s.named(suffix[l]) }

func (s *scope) named(suffix string) types.NamespacedName {
	c := s.tenant.Spec.Credentials
	prefix := c.NamePrefix
	if prefix == "" {
		prefix = s.tenant.Name
	}
	return types.NamespacedName{Namespace: c.Namespace, Name: prefix + "-" + suffix}
}

// readCredentials takes what stands in the Secrets as desired, so that an edited server is put back to it.
func (r *Reconciler) readCredentials(ctx context.Context, s *scope) error {
	s.bindings = map[boundary.Layer]credential.Binding{}
	s.desired.Credentials = map[boundary.Layer]boundary.Credential{}
	for _, l := range s.wanted() {
		b, err := r.Secrets.Get(ctx, s.secretName(l), s.tenant)
		if credential.Reason(err) != "" {
			s.credentialErr = err
		} else if err != nil {
			return err
		}
		s.take(l, b, r.Clock.Now())
	}
	return r.readGateway(ctx, s)
}

// take takes what stands in a Secret as desired, or notes that it cannot be.
func (s *scope) take(l boundary.Layer, b credential.Binding, now time.Time) {
	if c, ok := s.plane.Accept(s.desired, l, b.Username(), b.Secret(), now); ok {
		s.bindings[l], s.desired.Credentials[l] = b, c
		return
	}
	s.noteSecret(l, b)
}

// issue makes what is missing, puts it on the servers, and writes the Secrets once the servers hold it.
func (r *Reconciler) issue(ctx context.Context, s *scope) error {
	missing := s.missing()
	if s.tokenIsDue(r.Clock.Now()) {
		missing = append(missing, boundary.Vector)
	}
	if len(missing) > 0 {
		s.desired.Credentials = maps.Clone(s.desired.Credentials)
		for _, l := range missing {
			c, err := s.newCredential(l, r.Clock.Now())
			if err != nil {
				return err
			}
			s.desired.Credentials[l] = c
		}
		verified := s.results
		s.issuing = true
		if r.converge(ctx, s, true); !s.allSettled() {
			s.withdraw(verified)
			s.credentialErr = errNotVerified
			return nil
		}
	}
	return r.writeSecrets(ctx, s)
}

// withdraw takes back what was still to be done for credentials that were not issued, where a server could not be asked any
// more: it is no difference from what was verified before.
func (s *scope) withdraw(verified []*result) {
	for i, res := range s.results {
		if res.err != nil && i < len(verified) {
			res.diff = verified[i].diff
		}
	}
}

// tokenIsDue says that the token in the Secret should be replaced by a better one: it opens less than it might by now, or
// its end is near. The old one stays valid beside it until its own end, so that nobody is cut off.
func (s *scope) tokenIsDue(now time.Time) bool {
	c, ok := s.desired.Credentials[boundary.Vector]
	if !ok {
		return false
	}
	claims, err := vector.Inspect(c.Secret, s.plane.QdrantKey)
	return err != nil || vector.NeedsRenewal(claims, vector.AccessList(s.desired), now)
}

func (s *scope) newCredential(l boundary.Layer, now time.Time) (boundary.Credential, error) {
	if l != boundary.Vector {
		return boundary.Credential{Username: s.plane.Username(s.desired, l), Secret: credential.NewPassword()}, nil
	}
	id := credential.NewTokenID()
	token, err := vector.Mint(s.plane.QdrantKey, s.desired.UID, id, vector.AccessList(s.desired), now.Add(vector.TokenLifetime))
	if err != nil {
		return boundary.Credential{}, fmt.Errorf("mint Qdrant token: %w", err)
	}
	return boundary.Credential{Secret: token, TokenID: id}, nil
}

func (r *Reconciler) writeSecrets(ctx context.Context, s *scope) error {
	for _, l := range s.wanted() {
		b, err := s.binding(l)
		if err != nil {
			return err
		}
		if b.Equal(s.bindings[l]) {
			continue
		}
		if err := r.Secrets.Put(ctx, s.secretName(l), s.tenant, b); credential.Reason(err) != "" {
			s.credentialErr = err
			continue
		} else if err != nil {
			return err
		}
		s.bindings[l] = b
	}
	if err := r.writeGateway(ctx, s); err != nil {
		return err
	}
	return r.removeStaleSecrets(ctx, s)
}

func (s *scope) binding(l boundary.Layer) (credential.Binding, error) {
	c, a := s.desired.Credentials[l], s.plane.Advertised
	switch l {
	case boundary.Rows:
		return credential.Postgres(a.Postgres, a.Database, a.SSLMode, c), nil
	case boundary.Cache:
		return credential.Redis(a.Redis, a.RedisTLS, s.plane.KeyPrefix+":"+s.desired.ID+":", c), nil
	}
	names := map[string]string{}
	for _, corpus := range s.desired.Corpora {
		if corpus.Pattern == boundary.Dedicated {
			names[corpus.Name] = corpus.Collection
		}
	}
	for _, ref := range s.desired.References {
		names[ref] = ref
	}
	return credential.Qdrant(a.Qdrant, a.QdrantREST, names, c)
}

// removeStaleSecrets deletes Secrets that were issued and are not wanted any more: the layer, the gateway, the namespace or
// the prefix changed.
func (r *Reconciler) removeStaleSecrets(ctx context.Context, s *scope) error {
	keep := map[types.NamespacedName]bool{}
	for _, l := range s.wanted() {
		keep[s.secretName(l)] = true
	}
	if s.gatewayWanted() {
		keep[s.gatewaySecretName()] = true
	}
	for _, name := range s.issuedSecrets() {
		if keep[name] {
			continue
		}
		if err := r.Secrets.Delete(ctx, name, s.tenant); err != nil && credential.Reason(err) == "" {
			return err
		}
	}
	return nil
}

// issuedSecrets are those that status knows of.
func (s *scope) issuedSecrets() []types.NamespacedName {
	st := s.tenant.Status
	var out []types.NamespacedName
	for _, c := range st.Credentials {
		out = append(out, types.NamespacedName{Namespace: st.CredentialsNamespace, Name: c.SecretName})
	}
	if st.GatewaySecretName != "" {
		out = append(out, types.NamespacedName{Namespace: st.CredentialsNamespace, Name: st.GatewaySecretName})
	}
	return out
}
