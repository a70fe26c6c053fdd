package corpus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/controller/desired"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
)

const layerTimeout = 60 * time.Second

var errNotVerified = errors.New("the loader's credential waits until the collection is verified")

// work brings the collection to the desired state and hands out the loader's credential once it is verified.
func (r *Reconciler) work(ctx context.Context, s *scope) error {
	ctx, cancel := context.WithTimeout(ctx, layerTimeout)
	defer cancel()
	c := desired.Corpus(s.corpus, s.tenant)
	loader, err := r.readLoader(ctx, s, c)
	if err != nil {
		return err
	}
	r.converge(ctx, s, c, loader)
	if s.err != nil || s.loaderErr != nil || !s.diff.Settled() {
		return nil
	}
	if s.loaderName() != nil {
		if err := r.issueLoader(ctx, s, c, loader); err != nil || s.loaderErr != nil {
			return err
		}
	}
	return r.moveLoader(ctx, s)
}

// closeLoader revokes the loader's credential of a reference that does not count any more: its namespace is not trusted.
func (r *Reconciler) closeLoader(ctx context.Context, s *scope) error {
	if s.corpus.Spec.Reference == nil || s.corpus.Status.Placement == nil || s.plane == nil || !s.refusal.stalled {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, layerTimeout)
	defer cancel()
	if r.converge(ctx, s, desired.Corpus(s.corpus, s.tenant), nil); s.err != nil {
		return fmt.Errorf("revoke the loader's credential: %w", s.err)
	}
	if err := r.deleteLoaderSecrets(ctx, s); err != nil {
		return err
	}
	s.corpus.Status.LoaderSecretName = ""
	return nil
}

// moveLoader notes where the loader's credential is, and removes the Secret where it was before.
func (r *Reconciler) moveLoader(ctx context.Context, s *scope) error {
	status, now := &s.corpus.Status, ""
	if s.loaderName() != nil {
		now = s.loaderName().Name
	}
	if old := status.LoaderSecretName; old != "" && old != now {
		name := types.NamespacedName{Namespace: s.corpus.Namespace, Name: old}
		if err := r.Secrets.Delete(ctx, name, s.corpus); err != nil && credential.Reason(err) == "" {
			return err
		}
	}
	status.LoaderSecretName = now
	return nil
}

func (r *Reconciler) converge(ctx context.Context, s *scope, c boundary.Corpus, loader *boundary.Credential) {
	server, err := s.plane.VectorServer()
	if s.err = err; err != nil {
		return
	}
	if s.diff, s.err = server.DiffCorpus(ctx, c, loader, plane.Recent); s.err == nil && s.diff.Settled() {
		return
	}
	if s.diff, s.err = server.DiffCorpus(ctx, c, loader, plane.Fresh); len(s.diff.Plan) == 0 || s.reportOnly() {
		return
	}
	changes := s.diff.Plan
	if err := server.Apply(ctx, changes); err != nil {
		s.err = err
		return
	}
	r.Metrics.Applied(changes)
	s.diff, s.err = server.DiffCorpus(ctx, c, loader, plane.Fresh)
}

// reportOnly says that what differs is drift, to be reported and left alone: the corpus was ready as it is specified now. While the
// server was away nobody knows; then the spec counts, which may have changed meanwhile.
func (s *scope) reportOnly() bool {
	if s.tenant.EffectiveDrift(s.dp) != tenantryv1.DriftReport {
		return false
	}
	for _, cond := range s.corpus.Status.Conditions {
		if cond.Type == tenantryv1.ConditionCollectionReady {
			return cond.ObservedGeneration == s.corpus.Generation && cond.Reason != tenantryv1.ReasonPending && cond.Reason != tenantryv1.ReasonUnreachable
		}
	}
	return false
}

// loaderName is the Secret that the spec asks for, nil where it asks for none.
func (s *scope) loaderName() *types.NamespacedName {
	ref := s.corpus.Spec.Reference
	if ref == nil || ref.LoaderSecretName == "" {
		return nil
	}
	return &types.NamespacedName{Namespace: s.corpus.Namespace, Name: ref.LoaderSecretName}
}

func (r *Reconciler) readLoader(ctx context.Context, s *scope, c boundary.Corpus) (*boundary.Credential, error) {
	name := s.loaderName()
	if name == nil {
		return nil, nil
	}
	b, err := r.Secrets.Get(ctx, *name, s.corpus)
	if credential.Reason(err) != "" {
		s.loaderErr, err = err, nil
	}
	if err != nil || b == nil {
		return nil, err
	}
	claims, err := vector.Inspect(b.Secret(), s.plane.QdrantKey)
	if err != nil || claims.Owner != c.UID || !vector.Within(claims.Grants, vector.LoaderAccess(c)) || !r.Clock.Now().Before(claims.Expires) {
		return nil, nil //nolint:nilerr // a Secret that holds no valid token is as good as none
	}
	return &boundary.Credential{Secret: b.Secret(), TokenID: claims.TokenID}, nil
}

func (r *Reconciler) issueLoader(ctx context.Context, s *scope, c boundary.Corpus, loader *boundary.Credential) error {
	now, key := r.Clock.Now(), s.plane.QdrantKey
	if loader != nil {
		if claims, err := vector.Inspect(loader.Secret, key); err == nil && !vector.NeedsRenewal(claims, vector.LoaderAccess(c), now) {
			return nil
		}
	}
	id := credential.NewTokenID()
	token, err := vector.Mint(key, c.UID, id, vector.LoaderAccess(c), now.Add(vector.TokenLifetime))
	if err != nil {
		return fmt.Errorf("mint loader token: %w", err)
	}
	fresh := boundary.Credential{Secret: token, TokenID: id}
	if r.converge(ctx, s, c, &fresh); s.err != nil || !s.diff.Settled() {
		s.loaderErr = errNotVerified
		return nil
	}
	a := s.plane.Advertised
	b, err := credential.Qdrant(a.Qdrant, a.QdrantREST, map[string]string{c.Name: c.Collection}, fresh)
	if err != nil {
		return err
	}
	if err := r.Secrets.Put(ctx, *s.loaderName(), s.corpus, b); credential.Reason(err) != "" {
		s.loaderErr = err
	} else if err != nil {
		return err
	}
	return nil
}
