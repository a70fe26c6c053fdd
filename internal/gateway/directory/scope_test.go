package directory

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// collectionsOf is what the tenant acme is given, by name.
func collectionsOf(t testing.TB, more ...client.Object) map[string]string {
	t.Helper()
	s := snapshotOf(t, append([]client.Object{newTenant("acme")}, more...)...)
	if p := verdict(s.byID["acme"]); p != "" {
		t.Fatalf("acme is not served: %s (%q)", p, s.notes)
	}
	out := map[string]string{}
	for _, c := range s.records["acme"].config.Collections {
		if _, twice := out[c.Name]; twice {
			t.Errorf("%s stands for two collections", c.Name)
		}
		out[c.Name] = string(c.Pattern) + " " + c.Physical
	}
	return out
}

func TestCollections(t *testing.T) {
	now := metav1.Now()
	in := func(namespace string) func(*tenantryv1.Corpus) {
		return func(c *tenantryv1.Corpus) { c.Namespace, c.UID = namespace, c.UID+"2" }
	}
	twoNamespaces := newTenant("acme", func(t *tenantryv1.Tenant) { t.Spec.Namespaces = []string{"team", "team2"} })
	both := newTenant("acme", func(t *tenantryv1.Tenant) { t.Spec.Jurisdictions = []string{"eu-gdpr", "us-hipaa"} })
	law := map[string]string{"law": "Reference reference_eu-gdpr_law", "reference_eu-gdpr_law": "Reference reference_eu-gdpr_law"}
	notes := map[string]string{"notes": "Dedicated tenant_acme_notes"}
	none := map[string]string{}
	for name, tc := range map[string]struct {
		objects []client.Object
		want    map[string]string
	}{
		"nothing":          {nil, none},
		"dedicated":        {[]client.Object{newCorpus("acme", "notes")}, notes},
		"shared":           {[]client.Object{newCorpus("acme", "notes", shared)}, map[string]string{"notes": "Shared shared-documents"}},
		"another tenant's": {[]client.Object{newTenant("globex"), newCorpus("globex", "notes")}, none},
		"in a namespace that the Tenant does not list": {[]client.Object{newCorpus("acme", "notes", in("elsewhere"))}, none},
		"not placed":    {[]client.Object{newCorpus("acme", "notes", func(c *tenantryv1.Corpus) { c.Status.Placement = nil })}, none},
		"leaving":       {[]client.Object{newCorpus("acme", "notes", func(c *tenantryv1.Corpus) { c.DeletionTimestamp = &now })}, none},
		"not looked at": {[]client.Object{newCorpus("acme", "notes", func(c *tenantryv1.Corpus) { c.Status.Conditions = nil })}, none},
		"unreachable":   {[]client.Object{newCorpus("acme", "notes", ready(metav1.ConditionUnknown, "Unreachable"))}, notes},
		"drifted":       {[]client.Object{newCorpus("acme", "notes", ready(metav1.ConditionFalse, "Drifted"))}, notes},
		"apply failed":  {[]client.Object{newCorpus("acme", "notes", ready(metav1.ConditionFalse, "ApplyFailed"))}, none},
		"a hazard":      {[]client.Object{newCorpus("acme", "notes", ready(metav1.ConditionFalse, "Hazard"))}, none},
		"a collection that is somebody else's": {[]client.Object{newCorpus("acme", "notes", func(c *tenantryv1.Corpus) {
			c.Status.Placement.Collection = "tenant_globex_notes"
		})}, none},
		"a shared collection that the plane does not declare": {[]client.Object{newCorpus("acme", "notes", shared, func(c *tenantryv1.Corpus) {
			c.Status.Placement.Collection = "tenant_globex_notes"
		})}, none},
		"a pattern that is not the tenant's": {[]client.Object{newCorpus("acme", "notes", func(c *tenantryv1.Corpus) {
			c.Status.Placement.Pattern = tenantryv1.PatternReference
		})}, none},
		"one name, two corpora": {[]client.Object{twoNamespaces, newCorpus("acme", "notes"), newCorpus("acme", "notes", in("team2")),
			newCorpus("acme", "more")}, map[string]string{"more": "Dedicated tenant_acme_more"}},
		"reference":                                    {[]client.Object{newReference("eu-gdpr", "law")}, law},
		"reference in the operator's namespace":        {[]client.Object{newReference("eu-gdpr", "law", in(system))}, law},
		"reference in a namespace that is not trusted": {[]client.Object{newReference("eu-gdpr", "law", in("team"))}, none},
		"reference of another jurisdiction":            {[]client.Object{newReference("us-hipaa", "law")}, none},
		"reference of another plane": {[]client.Object{newReference("eu-gdpr", "law", func(c *tenantryv1.Corpus) {
			c.Spec.Reference.DataPlane = "us-1"
		})}, none},
		"reference that is not ready": {[]client.Object{newReference("eu-gdpr", "law", ready(metav1.ConditionFalse, "ApplyFailed"))}, none},
		"reference that leads elsewhere": {[]client.Object{newReference("eu-gdpr", "law", func(c *tenantryv1.Corpus) {
			c.Status.Placement.Collection = "tenant_globex_notes"
		})}, none},
		"reference with the name of an own corpus": {[]client.Object{newCorpus("acme", "law"), newReference("eu-gdpr", "law")},
			map[string]string{"law": "Dedicated tenant_acme_law", "reference_eu-gdpr_law": law["law"]}},
		"reference with the name of an own corpus that is not ready": {
			[]client.Object{newCorpus("acme", "law", ready(metav1.ConditionFalse, "ApplyFailed")), newReference("eu-gdpr", "law")},
			map[string]string{"reference_eu-gdpr_law": law["law"]}},
		"two references with one name": {[]client.Object{both, newReference("eu-gdpr", "law"), newReference("us-hipaa", "law", in(system))},
			map[string]string{"reference_eu-gdpr_law": law["law"], "reference_us-hipaa_law": "Reference reference_us-hipaa_law"}},
		"two references with different names": {[]client.Object{both, newReference("eu-gdpr", "law"), newReference("us-hipaa", "acts")},
			map[string]string{"law": law["law"], "reference_eu-gdpr_law": law["law"],
				"acts": "Reference reference_us-hipaa_acts", "reference_us-hipaa_acts": "Reference reference_us-hipaa_acts"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, collectionsOf(t, tc.objects...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestShapes: what a scope must know of a shared collection stands on the DataPlane, of the others on the Corpus.
func TestShapes(t *testing.T) {
	s := snapshotOf(t, newTenant("acme"), newCorpus("acme", "own"), newCorpus("acme", "part", shared), newReference("eu-gdpr", "law"))
	want := scopeqdrant.Config{
		TenantID: "acme", TenantUID: "uid-acme", MappingKey: mapping, ServerVersion: "1.19.0",
		Collections: []scopeqdrant.Collection{
			{Name: "law", Physical: "reference_eu-gdpr_law", Pattern: "Reference", CorpusID: "reference-eu-gdpr-law",
				Vectors: []scopeqdrant.Vector{{Size: 16, Distance: "Dot"}}},
			{Name: "own", Physical: "tenant_acme_own", Pattern: "Dedicated", CorpusID: "corpus-acme-own",
				Vectors: []scopeqdrant.Vector{{Size: 8, Distance: "Dot"}}},
			{Name: "part", Physical: "shared-documents", Pattern: "Shared", CorpusID: "corpus-acme-part",
				Vectors: []scopeqdrant.Vector{{Size: 4, Distance: "Cosine"}, {Name: "text", Sparse: true, IDF: true}},
				Indexes: []scopeqdrant.Index{{Field: "source", Type: "Keyword"}}},
			{Name: "reference_eu-gdpr_law", Physical: "reference_eu-gdpr_law", Pattern: "Reference", CorpusID: "reference-eu-gdpr-law",
				Vectors: []scopeqdrant.Vector{{Size: 16, Distance: "Dot"}}},
		},
	}
	if diff := cmp.Diff(want, s.records["acme"].config); diff != "" {
		t.Error(diff)
	}
}

// TestACorpusThatChangesHands: deleted and made again under another Tenant between two events.
func TestACorpusThatChangesHands(t *testing.T) {
	w := worldOf(t, newTenant("acme"), newTenant("globex"), newCorpus("acme", "notes"))
	w.put(newCorpus("globex", "notes"))
	s := build(w, nil, scopeqdrant.Limits{})
	got := map[string]int{}
	for name, r := range s.records {
		got[name] = len(r.config.Collections)
	}
	if diff := cmp.Diff(map[string]int{"acme": 0, "globex": 1}, got); diff != "" {
		t.Error(diff)
	}
	w.remove(newCorpus("globex", "notes"))
	if s = build(w, s, scopeqdrant.Limits{}); len(s.records["globex"].config.Collections) != 0 {
		t.Error("the corpus is still there")
	}
}
