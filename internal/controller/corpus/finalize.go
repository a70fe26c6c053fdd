package corpus

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/dataplane"
	"github.com/tenantry/tenantry/internal/controller/desired"
	"github.com/tenantry/tenantry/internal/credential"
)

// finalize revokes what opened the corpus, turns its claim into a tombstone and lets it go. The collection stays. Erasing
// it is refused by this version.
func (r *Reconciler) finalize(ctx context.Context, s *scope) (ctrl.Result, error) {
	c := s.corpus
	if !controllerutil.ContainsFinalizer(c, tenantryv1.Finalizer) {
		return ctrl.Result{}, nil
	}
	if c.Status.Placement == nil || s.dp == nil {
		return ctrl.Result{}, r.release(ctx, s)
	}
	before := c.DeepCopy()
	if problem := r.retain(ctx, s); problem != "" && c.Annotations[tenantryv1.AbandonAnnotation] != "true" {
		condition.Reconciling(c, tenantryv1.ReasonDeleting, problem+"; tried again until it works. To let the Corpus go and leave "+
			"that server as it is, annotate it with "+tenantryv1.AbandonAnnotation+"=true")
		return ctrl.Result{RequeueAfter: s.again()}, condition.Commit(ctx, r.Client, r.Recorder, before, c)
	}
	if c.Spec.DeletionPolicy == tenantryv1.DeletionDelete {
		condition.Stalled(c, tenantryv1.ReasonNotSupported, "access is closed, but this version does not erase data and will not "+
			"pretend to; set spec.deletionPolicy: Retain to let the Corpus go and keep its collection")
		return ctrl.Result{RequeueAfter: s.again()}, condition.Commit(ctx, r.Client, r.Recorder, before, c)
	}
	return ctrl.Result{}, r.release(ctx, s)
}

// retain says why the corpus could not be closed, "" where it was.
func (r *Reconciler) retain(ctx context.Context, s *scope) string {
	if s.plane == nil {
		return "DataPlane " + s.planeName + " has not been opened yet"
	}
	ctx, cancel := context.WithTimeout(ctx, layerTimeout)
	defer cancel()
	r.converge(ctx, s, desired.Corpus(s.corpus, s.tenant), nil)
	switch {
	case s.err != nil:
		return s.err.Error()
	case len(s.diff.Plan) > 0:
		return s.diff.Plan.Lines()[0]
	}
	return ""
}

func (r *Reconciler) release(ctx context.Context, s *scope) error {
	if err := r.deleteLoaderSecrets(ctx, s); err != nil {
		return err
	}
	r.counts.forget(s.corpus.UID)
	return dataplane.RemoveFinalizer(ctx, r.Client, s.corpus)
}

// deleteLoaderSecrets removes what status and spec name, for a crash may have come between.
func (r *Reconciler) deleteLoaderSecrets(ctx context.Context, s *scope) error {
	for _, secret := range []string{s.corpus.Status.LoaderSecretName, s.specLoader()} {
		name := types.NamespacedName{Namespace: s.corpus.Namespace, Name: secret}
		if secret == "" {
			continue
		}
		if err := r.Secrets.Delete(ctx, name, s.corpus); err != nil && credential.Reason(err) == "" {
			return err
		}
	}
	return nil
}

func (s *scope) specLoader() string {
	if name := s.loaderName(); name != nil {
		return name.Name
	}
	return ""
}
