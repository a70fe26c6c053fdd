package desired

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

// Tenant is the desired state of a tenant without its credentials. corpora are those that name it, references those of
// its plane; what does not count is left out here.
func Tenant(t *tenantryv1.Tenant, corpora, references []tenantryv1.Corpus) boundary.Tenant {
	return boundary.Tenant{
		ID: t.EffectiveTenantID(), UID: string(t.UID), Name: t.Name, Access: access(t),
		Login:      Login(t),
		Corpora:    ownCorpora(t, corpora),
		References: readable(t, references),
	}
}

func access(t *tenantryv1.Tenant) boundary.Access {
	switch {
	case !t.DeletionTimestamp.IsZero():
		return boundary.Retained
	case t.Spec.Access == tenantryv1.AccessSuspended:
		return boundary.Suspended
	}
	return boundary.Open
}

// Login says whether the tenant has a database login of its own. It is pointless without a Secret to put it in.
func Login(t *tenantryv1.Tenant) bool {
	if t.Spec.Credentials == nil {
		return false
	}
	return t.Spec.Postgres == nil || t.Spec.Postgres.Login != tenantryv1.Disabled
}

// OwnsCorpus says whether a corpus that names a tenant counts: its namespace is one that the tenant lists.
func OwnsCorpus(t *tenantryv1.Tenant, c *tenantryv1.Corpus) bool {
	return c.Spec.Tenant == t.Name && slices.Contains(t.Spec.Namespaces, c.Namespace)
}

func ownCorpora(t *tenantryv1.Tenant, corpora []tenantryv1.Corpus) []boundary.Corpus {
	var out []boundary.Corpus
	for i := range corpora {
		c := &corpora[i]
		if OwnsCorpus(t, c) && c.Status.Placement != nil && c.DeletionTimestamp.IsZero() && !inConflict(c) {
			out = append(out, Corpus(c, t))
		}
	}
	slices.SortFunc(out, func(a, b boundary.Corpus) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID)) })
	return out
}

// readable lists the collections of reference corpora of a jurisdiction that the tenant lists. A reference counts once it is
// ready, and goes on to count while its server cannot be read: an outage must not take rights away and hand out new tokens.
func readable(t *tenantryv1.Tenant, references []tenantryv1.Corpus) []string {
	var out []string
	for i := range references {
		c := &references[i]
		if c.Spec.Reference == nil || c.Spec.Reference.DataPlane != t.Spec.DataPlane || c.Status.Placement == nil {
			continue
		}
		if stands(c) && slices.Contains(t.Spec.Jurisdictions, c.Spec.Reference.Jurisdiction) {
			out = append(out, c.Status.Placement.Collection)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func stands(c *tenantryv1.Corpus) bool {
	cond := meta.FindStatusCondition(c.Status.Conditions, tenantryv1.ConditionCollectionReady)
	if cond == nil || !c.DeletionTimestamp.IsZero() {
		return false
	}
	return cond.Status == metav1.ConditionTrue || cond.Status == metav1.ConditionUnknown && cond.Reason == tenantryv1.ReasonUnreachable
}

// inConflict says that the collection is somebody else's. Such a corpus must not drag the tenant's others down.
func inConflict(c *tenantryv1.Corpus) bool {
	cond := meta.FindStatusCondition(c.Status.Conditions, tenantryv1.ConditionCollectionReady)
	return cond != nil && cond.Status == metav1.ConditionFalse && cond.Reason == tenantryv1.ReasonCollectionExists
}
