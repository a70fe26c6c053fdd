package aibudget

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/controller/tenant"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// scope is everything that one reconcile works on. gather fills the first part, work and report the rest.
type scope struct {
	budget *tenantryv1.AIBudget
	// tenant it names, and that one's DataPlane; nil where they do not exist.
	tenant *tenantryv1.Tenant
	dp     *tenantryv1.DataPlane
	// plane is dp with its servers open, nil while this process has not opened it.
	plane *connect.Plane
	// others are the AIBudgets that count for the tenant beside this one.
	others []tenantryv1.AIBudget
	// desired state, where there is no refusal.
	desired budget.Budget
	refusal *refusal

	// rival is the other AIBudget that is in force for the tenant, nil where this one is.
	rival *tenantryv1.AIBudget
	// diff that remains, where the tenant stands, and why either could not be read or applied.
	diff  boundary.Diff
	usage *budget.Usage
	err   error
	// failingFor is for how long err has stood.
	failingFor time.Duration

	// moved says that the figures of status are new; alerts are the thresholds that are to be announced.
	moved  bool
	alerts []alert
}

func (s *scope) name() types.NamespacedName {
	return types.NamespacedName{Namespace: s.budget.Namespace, Name: s.budget.Name}
}

func (r *Reconciler) gather(ctx context.Context, b *tenantryv1.AIBudget) (*scope, error) {
	s := &scope{budget: b}
	var err error
	if s.tenant, err = read[tenantryv1.Tenant](ctx, r.Client, b.Spec.Tenant); err != nil {
		return nil, err
	}
	if s.tenant != nil {
		if s.dp, err = read[tenantryv1.DataPlane](ctx, r.Client, s.tenant.Spec.DataPlane); err != nil {
			return nil, err
		}
		s.plane = r.Registry.Get(s.tenant.Spec.DataPlane)
	}
	var list tenantryv1.AIBudgetList
	if err := r.Client.List(ctx, &list, client.MatchingFields{tenant.IndexTenant: b.Spec.Tenant}); err != nil {
		return nil, fmt.Errorf("list AIBudgets: %w", err)
	}
	for i := range list.Items {
		o := &list.Items[i]
		if o.UID != b.UID && o.DeletionTimestamp.IsZero() && trusts(s.dp, o.Namespace, r.Namespace) {
			s.others = append(s.others, *o)
		}
	}
	s.refusal = refuse(s, r.Namespace)
	return s, nil
}

// trusts says whether AIBudgets count in a namespace.
func trusts(dp *tenantryv1.DataPlane, namespace, operators string) bool {
	return namespace == operators || dp != nil && slices.Contains(dp.Spec.TrustedNamespaces, namespace)
}

// read returns a cluster-scoped object, nil where none of that name exists.
func read[T any, P interface {
	*T
	client.Object
}](ctx context.Context, c client.Reader, name string) (P, error) {
	o := P(new(T))
	err := c.Get(ctx, types.NamespacedName{Name: name}, o)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %T %s: %w", o, name, err)
	}
	return o, nil
}
