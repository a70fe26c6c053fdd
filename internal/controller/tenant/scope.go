package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/desired"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// scope is everything that one reconcile works on. gather fills the first part, work the rest.
type scope struct {
	tenant *tenantryv1.Tenant
	// dp is the Tenant's DataPlane, nil where none of that name exists.
	dp *tenantryv1.DataPlane
	// plane is dp with its servers open, nil while this process has not opened it.
	plane *connect.Plane
	// desired state; its Credentials are those read from the Secrets, and later those about to be issued.
	desired boundary.Tenant
	// refusal is why nothing is done at all.
	refusal *refusal
	// budgetPercent is what the AIBudget that is in force shows, nil where none is.
	budgetPercent *int32

	// bindings that stand in the Secrets.
	bindings map[boundary.Layer]credential.Binding
	// gateway is what stands in the Secret for the gateway.
	gateway gateway
	// results by layer, in the plane's order.
	results []*result
	// observeOnly: differences are shown and left alone.
	observeOnly bool
	// drifted: what is wanted stood before, so that differences are another hand's.
	drifted bool
	// corrected are the changes by which this reconcile put another hand's work right.
	corrected boundary.Plan
	// issuing: new credentials are put on the servers, which is nobody's drift.
	issuing bool
	// edited are the credentials whose Secrets somebody changed to what cannot stand on a server, as changes for findings.
	edited map[boundary.Layer]boundary.Change
	// credentialErr is why credentials were not issued, nil where they were or are not wanted.
	credentialErr error
	// probe is what live probes found, nil where this process has not probed the Tenant yet.
	probe *trial.Outcome
}

// refusal is why a Tenant is not worked on.
type refusal struct {
	reason, message string
	// stalled: only a change by somebody else can help.
	stalled bool
}

func (f *refusal) put(t *tenantryv1.Tenant) {
	t.Status.ObservedGeneration = t.Generation
	if f.stalled {
		condition.Stalled(t, f.reason, f.message)
	} else {
		condition.Reconciling(t, f.reason, f.message)
	}
	condition.Put(t, tenantryv1.ConditionIsolated, metav1.ConditionUnknown, f.reason, f.message)
	for _, kind := range conditionOf {
		if condition.Get(t, kind) != nil {
			condition.Put(t, kind, metav1.ConditionUnknown, f.reason, f.message)
		}
	}
}

func (r *Reconciler) gather(ctx context.Context, t *tenantryv1.Tenant) (*scope, error) {
	s := &scope{tenant: t, plane: r.Registry.Get(t.Spec.DataPlane)}
	var dp tenantryv1.DataPlane
	err := r.Client.Get(ctx, types.NamespacedName{Name: t.Spec.DataPlane}, &dp)
	if err == nil {
		s.dp = &dp
	} else if !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("read DataPlane: %w", err)
	}
	var corpora, references tenantryv1.CorpusList
	if err := r.Client.List(ctx, &corpora, client.MatchingFields{IndexTenant: t.Name}); err != nil {
		return nil, fmt.Errorf("list Corpora: %w", err)
	}
	if err := r.Client.List(ctx, &references, client.MatchingFields{indexDataPlane: t.Spec.DataPlane}); err != nil {
		return nil, fmt.Errorf("list reference Corpora: %w", err)
	}
	var sameID tenantryv1.TenantList
	if err := r.Client.List(ctx, &sameID, client.MatchingFields{indexTenantID: t.EffectiveTenantID()}); err != nil {
		return nil, fmt.Errorf("list Tenants: %w", err)
	}
	var budgets tenantryv1.AIBudgetList
	if err := r.Client.List(ctx, &budgets, client.MatchingFields{IndexTenant: t.Name}); err != nil {
		return nil, fmt.Errorf("list AIBudgets: %w", err)
	}
	s.budgetPercent = desired.BudgetPercent(budgets.Items)
	s.desired = desired.Tenant(t, corpora.Items, references.Items)
	s.refusal = refuse(s, sameID.Items)
	return s, nil
}

// hash is a digest of what is wanted: the desired state without credentials. It tells drift from a change.
func (s *scope) hash() string {
	d := s.desired
	d.Credentials = nil
	b, _ := json.Marshal(d)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// mayApply says whether differences are to be mended: not in mode Plan, and not where drift is only to be reported and
// what is wanted did not change since it was put in place.
func (s *scope) mayApply() bool {
	if s.tenant.Spec.Mode == tenantryv1.ModePlan {
		return false
	}
	return s.tenant.EffectiveDrift(s.dp) != tenantryv1.DriftReport || s.tenant.Status.AppliedHash != s.hash()
}

// reissues says that the credential of a layer is to be replaced, because its Secret was deleted or spoiled. That is nobody's
// drift: it is done where drift is only reported, too, or a leaked one would live on.
func (s *scope) reissues(l boundary.Layer) bool {
	return s.desired.Access == boundary.Open && s.mayIssue() && s.credentialErr == nil && slices.Contains(s.missing(), l)
}

// works says whether differences of a layer are mended.
func (s *scope) works(l boundary.Layer) bool { return !s.observeOnly || s.reissues(l) }
