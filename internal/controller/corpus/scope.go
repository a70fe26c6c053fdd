package corpus

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/tenant"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// scope is everything that one reconcile works on.
type scope struct {
	corpus *tenantryv1.Corpus
	// tenant it names; nil for a reference, and where none of that name exists.
	tenant    *tenantryv1.Tenant
	planeName string
	dp        *tenantryv1.DataPlane
	plane     *connect.Plane
	// siblings are the other Corpora of the tenant.
	siblings []tenantryv1.Corpus
	// placement that was decided, now or earlier.
	placement tenantryv1.Placement
	refusal   *refusal

	// diff that remains, and why it could not be read or applied.
	diff boundary.Diff
	err  error
	// loaderErr is why the loader's credential was not issued.
	loaderErr error
}

// refusal is why nothing is built for a Corpus.
type refusal struct {
	reason, message string
	stalled         bool
}

func (f *refusal) put(c *tenantryv1.Corpus) {
	if f.stalled {
		condition.Stalled(c, f.reason, f.message)
	} else {
		condition.Reconciling(c, f.reason, f.message)
	}
	for _, kind := range []string{tenantryv1.ConditionCollectionReady, tenantryv1.ConditionIsolated} {
		condition.Put(c, kind, metav1.ConditionUnknown, f.reason, f.message)
	}
}

func (r *Reconciler) gather(ctx context.Context, c *tenantryv1.Corpus) (*scope, error) {
	s := &scope{corpus: c}
	if c.Spec.Reference != nil {
		s.planeName = c.Spec.Reference.DataPlane
	} else if err := r.gatherTenant(ctx, s); err != nil {
		return nil, err
	}
	if s.planeName != "" {
		var dp tenantryv1.DataPlane
		found, err := get(ctx, r.Client, s.planeName, &dp)
		if err != nil {
			return nil, err
		}
		if found {
			s.dp = &dp
		}
		s.plane = r.Registry.Get(s.planeName)
	}
	s.refusal = r.refuse(s)
	return s, nil
}

func (r *Reconciler) gatherTenant(ctx context.Context, s *scope) error {
	var t tenantryv1.Tenant
	found, err := get(ctx, r.Client, s.corpus.Spec.Tenant, &t)
	if err != nil || !found {
		return err
	}
	s.tenant, s.planeName = &t, t.Spec.DataPlane
	var list tenantryv1.CorpusList
	if err := r.Client.List(ctx, &list, client.MatchingFields{tenant.IndexTenant: t.Name}); err != nil {
		return fmt.Errorf("list Corpora: %w", err)
	}
	s.siblings = list.Items
	return nil
}

func get(ctx context.Context, c client.Reader, name string, into client.Object) (bool, error) {
	err := c.Get(ctx, types.NamespacedName{Name: name}, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %T %s: %w", into, name, err)
	}
	return true, nil
}
