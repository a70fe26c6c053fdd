package desired

import (
	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// Placement decides where a corpus stands. It is called once; the answer is kept in status. t is nil for a reference.
// problem says why the spec cannot be placed, "" where it can.
func Placement(c *tenantryv1.Corpus, t *tenantryv1.Tenant) (p tenantryv1.Placement, problem string) {
	switch {
	case c.Spec.Reference != nil:
		return tenantryv1.Placement{
			Pattern: tenantryv1.PatternReference, Collection: vector.ReferenceName(c.Spec.Reference.Jurisdiction, c.Name),
		}, ""
	case isolation(c, t) == tenantryv1.IsolationShared && c.Spec.SharedCollection == "":
		return p, "isolation is Shared by the Tenant's default, but sharedCollection is not set; name a shared collection of " +
			"the DataPlane, or set isolation: Dedicated"
	case isolation(c, t) == tenantryv1.IsolationShared:
		return tenantryv1.Placement{Pattern: tenantryv1.PatternShared, Collection: c.Spec.SharedCollection}, ""
	case c.Spec.SharedCollection != "":
		return p, "sharedCollection is set, but isolation is Dedicated by the Tenant's default; set isolation: " +
			"Shared, or make a Corpus that declares vectors instead"
	}
	return tenantryv1.Placement{
		Pattern: tenantryv1.PatternDedicated, Collection: vector.CollectionName(t.EffectiveTenantID(), c.Name),
	}, ""
}

func isolation(c *tenantryv1.Corpus, t *tenantryv1.Tenant) tenantryv1.Isolation {
	switch {
	case c.Spec.Isolation != "":
		return c.Spec.Isolation
	case t.Spec.Isolation != "":
		return t.Spec.Isolation
	}
	return tenantryv1.IsolationDedicated
}

// Corpus is the desired state of a corpus that has been placed. t is nil for a reference.
func Corpus(c *tenantryv1.Corpus, t *tenantryv1.Tenant) boundary.Corpus {
	out := boundary.Corpus{
		Name: c.Name, UID: string(c.UID),
		Pattern: boundary.Pattern(c.Status.Placement.Pattern), Collection: c.Status.Placement.Collection,
		Shape:    Shape(c.Spec.Vectors, c.Spec.SparseVectors, c.Spec.PayloadIndexes),
		Retained: !c.DeletionTimestamp.IsZero(),
	}
	if t != nil {
		out.TenantID, out.TenantUID = t.EffectiveTenantID(), string(t.UID)
	}
	if c.Spec.Reference != nil {
		out.Jurisdiction = c.Spec.Reference.Jurisdiction
	}
	return out
}
