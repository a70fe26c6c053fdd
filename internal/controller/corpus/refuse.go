package corpus

import (
	"fmt"
	"slices"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/controller/desired"
)

const defaultMaxCorpora = 5

// refuse says why nothing may be built for a Corpus, nil where it may, and decides its placement. It is pure.
func (r *Reconciler) refuse(s *scope) *refusal {
	if s.corpus.Spec.Reference != nil {
		if f := r.refuseReference(s); f != nil {
			return f
		}
	} else if f := refuseTenantCorpus(s); f != nil {
		return f
	}
	if s.dp.Spec.Qdrant == nil {
		return &refusal{tenantryv1.ReasonInvalidSpec, fmt.Sprintf("DataPlane %q has no qdrant", s.dp.Name), true}
	}
	return decidePlacement(s)
}

func decidePlacement(s *scope) *refusal {
	if s.corpus.Status.Placement != nil {
		s.placement = *s.corpus.Status.Placement
		return nil
	}
	p, problem := desired.Placement(s.corpus, s.tenant)
	if problem != "" {
		return &refusal{tenantryv1.ReasonInvalidSpec, problem, true}
	}
	if p.Pattern == tenantryv1.PatternShared && !declares(s.dp, p.Collection) {
		return &refusal{tenantryv1.ReasonSharedCollectionNotFound,
			fmt.Sprintf("DataPlane %q declares no shared collection %q", s.dp.Name, p.Collection), true}
	}
	s.placement = p
	return nil
}

func declares(dp *tenantryv1.DataPlane, collection string) bool {
	return slices.ContainsFunc(dp.Spec.Qdrant.SharedCollections, func(c tenantryv1.SharedCollection) bool {
		return c.Name == collection
	})
}

func (r *Reconciler) refuseReference(s *scope) *refusal {
	ref := s.corpus.Spec.Reference
	if s.dp == nil {
		return &refusal{tenantryv1.ReasonDataPlaneNotFound, fmt.Sprintf("DataPlane %q does not exist", ref.DataPlane), false}
	}
	if s.corpus.Namespace != r.Namespace && !slices.Contains(s.dp.Spec.TrustedNamespaces, s.corpus.Namespace) {
		return &refusal{tenantryv1.ReasonNamespaceNotAllowed, fmt.Sprintf(
			"reference Corpora count only in namespaces that DataPlane %q lists in trustedNamespaces; %q is not one of them",
			s.dp.Name, s.corpus.Namespace), true}
	}
	return nil
}

func refuseTenantCorpus(s *scope) *refusal {
	t, c := s.tenant, s.corpus
	switch {
	case t == nil:
		return &refusal{tenantryv1.ReasonTenantNotFound, fmt.Sprintf("Tenant %q does not exist", c.Spec.Tenant), false}
	case !desired.OwnsCorpus(t, c):
		return &refusal{tenantryv1.ReasonNamespaceNotAllowed, fmt.Sprintf(
			"Tenant %q does not list namespace %q; the platform adds it to the Tenant's spec.namespaces", t.Name, c.Namespace), true}
	case !t.DeletionTimestamp.IsZero():
		return &refusal{tenantryv1.ReasonTenantNotReady, fmt.Sprintf("Tenant %q is being deleted", t.Name), true}
	case s.dp == nil:
		return &refusal{tenantryv1.ReasonDataPlaneNotFound, fmt.Sprintf("DataPlane %q does not exist", t.Spec.DataPlane), false}
	case t.Spec.Mode == tenantryv1.ModePlan:
		return &refusal{tenantryv1.ReasonPlanned, fmt.Sprintf("Tenant %q is in mode Plan: nothing is built", t.Name), false}
	case t.Status.TenantID == "":
		return &refusal{tenantryv1.ReasonTenantNotReady, fmt.Sprintf("Tenant %q has not claimed its tenantID yet", t.Name), false}
	}
	return refuseAmongSiblings(s)
}

// refuseAmongSiblings applies to Corpora that have no placement yet: what was placed stays.
func refuseAmongSiblings(s *scope) *refusal {
	if s.corpus.Status.Placement != nil {
		return nil
	}
	placed := 0
	for i := range s.siblings {
		other := &s.siblings[i]
		if other.UID == s.corpus.UID || other.Status.Placement == nil || !desired.OwnsCorpus(s.tenant, other) {
			continue
		}
		if other.Name == s.corpus.Name {
			return &refusal{tenantryv1.ReasonNameConflict, fmt.Sprintf(
				"namespace %q already has a Corpus %q of Tenant %q; the name of a corpus is unique per tenant",
				other.Namespace, other.Name, s.tenant.Name), true}
		}
		placed++
	}
	limit := int(s.tenant.Spec.MaxCorpora)
	if limit == 0 {
		limit = defaultMaxCorpora
	}
	if placed >= limit {
		return &refusal{tenantryv1.ReasonQuotaExceeded, fmt.Sprintf(
			"Tenant %q has %d corpora, which is its maxCorpora; raise it or delete one", s.tenant.Name, placed), true}
	}
	return nil
}
