package probe

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// api holds what gather reads: the Corpora of a plane, and the Secret with the tenant's token.
type api struct {
	client.Reader

	own, references []tenantryv1.Corpus
	secret          corev1.Secret
}

func (a *api) List(_ context.Context, into client.ObjectList, opts ...client.ListOption) error {
	var o client.ListOptions
	o.ApplyOptions(opts)
	list := into.(*tenantryv1.CorpusList)
	if _, of := o.FieldSelector.RequiresExactMatch("tenant"); of {
		list.Items = a.own
	} else {
		list.Items = a.references
	}
	return nil
}

func (a *api) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	a.secret.DeepCopyInto(into.(*corev1.Secret))
	return nil
}

func placed(c tenantryv1.Corpus, namespace, name, collection string) tenantryv1.Corpus {
	c.Namespace, c.Name = namespace, name
	c.Status.Placement = &tenantryv1.Placement{Collection: collection}
	c.Status.Conditions = []metav1.Condition{{Type: tenantryv1.ConditionCollectionReady, Status: metav1.ConditionTrue}}
	return c
}

func reference(name, jurisdiction string) tenantryv1.Corpus {
	c := tenantryv1.Corpus{Spec: tenantryv1.CorpusSpec{Reference: &tenantryv1.ReferenceSpec{DataPlane: "eu-1", Jurisdiction: jurisdiction}}}
	return placed(c, "platform", name, "reference_"+jurisdiction+"_"+name)
}

// gathered is what the Tenant acme, of the jurisdiction eu-gdpr, has in hand.
func gathered(t *testing.T, references ...tenantryv1.Corpus) subject {
	t.Helper()
	tn := &tenantryv1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: "acme", UID: "u"}}
	tn.Spec = tenantryv1.TenantSpec{DataPlane: "eu-1", Namespaces: []string{"team"}, Jurisdictions: []string{"eu-gdpr"}}
	tn.Status.CredentialsNamespace, tn.Status.GatewaySecretName, tn.Status.GatewayTokenIDs = "team", "acme-gateway", []string{"t1"}
	a := &api{references: references}
	a.own = []tenantryv1.Corpus{placed(tenantryv1.Corpus{Spec: tenantryv1.CorpusSpec{Tenant: "acme"}}, "team", "notes", "tenant_acme_notes")}
	a.secret.Annotations = map[string]string{tenantryv1.OwnerUIDAnnotation: "u"}
	a.secret.Data = credential.Binding{"api-key": []byte(token.Reveal())}
	r := &Runner{
		Client: a, IndexTenant: "tenant", IndexDataPlane: "dataPlane",
		Secrets: &credential.Store{Reader: a, Clock: clocktesting.NewFakePassiveClock(time.Unix(0, 0))},
	}
	s, err := r.gather(t.Context(), tn, &connect.Plane{Name: "eu-1"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A gateway serves a reference under its long name and under the bare one. Neither is somebody else's.
func TestAReferenceIsNotSomebodyElses(t *testing.T) {
	law, other := reference("gdpr", "eu-gdpr"), reference("hipaa", "us-hipaa")
	s := gathered(t, law, other)
	slices.Sort(s.logical)
	if diff := cmp.Diff([]string{"gdpr", "notes", "reference_eu-gdpr_gdpr"}, s.logical); diff != "" {
		t.Errorf("what it may name (-want +got):\n%s", diff)
	}
	var g gates
	t.Cleanup(g.close)
	for name, c := range map[string]struct {
		listed []string
		failed int
	}{
		"by both names":              {[]string{"notes", "reference_eu-gdpr_gdpr", "gdpr"}, 0},
		"of another jurisdiction":    {[]string{"notes", "hipaa"}, 1},
		"the other one's whole name": {[]string{"notes", "reference_us-hipaa_hipaa"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := g.probe(t.Context(), standIn(t, false, c.listed...), s, []boundary.Tenant{globex}, 0)
			o := trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Vector: got})
			if o.Count(trial.Failed) != c.failed || !o.Proven() {
				t.Errorf("%d failed, want %d:\n%s", o.Count(trial.Failed), c.failed, lines(got))
			}
		})
	}
}
