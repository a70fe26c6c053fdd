package gateway

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// waiting records what is asked of a queue. Any other method than AddAfter panics.
type waiting struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	items map[reconcile.Request][]time.Duration
}

func (w *waiting) AddAfter(item reconcile.Request, d time.Duration) {
	w.items[item] = append(w.items[item], d)
}

// TestAThousandTenantsAreOneLook: all of them ask for the same item, and for none before the others had time to arrive. A
// queue holds a waiting item once.
func TestAThousandTenantsAreOneLook(t *testing.T) {
	q := &waiting{items: map[reconcile.Request][]time.Duration{}}
	h := later(planeOfTenant)
	for i := range 1000 {
		tn := tenant(fmt.Sprint("t", i))
		h.Create(t.Context(), event.CreateEvent{Object: &tn}, q)
		h.Update(t.Context(), event.UpdateEvent{ObjectOld: &tn, ObjectNew: &tn}, q)
		h.Delete(t.Context(), event.DeleteEvent{Object: &tn}, q)
		h.Generic(t.Context(), event.GenericEvent{Object: &tn}, q)
	}
	item := reconcile.Request{NamespacedName: types.NamespacedName{Name: "eu-1"}}
	if len(q.items) != 1 || len(q.items[item]) != 4000 {
		t.Fatalf("asked for %d items", len(q.items))
	}
	if early := slices.Min(q.items[item]); early != gatherFor {
		t.Errorf("looked at after %s", early)
	}
	h.Create(t.Context(), event.CreateEvent{Object: &tenantryv1.Tenant{}}, q)
	if len(q.items) != 1 {
		t.Error("a Tenant of no plane leads to one")
	}
}

// TestWhatMatters: what moves all day in status wakes nobody.
func TestWhatMatters(t *testing.T) {
	acme, notes, dp := tenant("acme"), corpus("acme", "notes"), dataPlane()
	for name, tc := range map[string]struct {
		old  client.Object
		edit func(client.Object)
		want bool
	}{
		"findings of a tenant":  {&acme, func(o client.Object) { o.(*tenantryv1.Tenant).Status.Corpora = 3 }, false},
		"a tenant is suspended": {&acme, func(o client.Object) { o.SetGeneration(2) }, true},
		"a tenant is verified":  {&acme, func(o client.Object) { o.(*tenantryv1.Tenant).Status.AppliedHash = "" }, true},
		"points of a corpus":    {&notes, func(o client.Object) { o.(*tenantryv1.Corpus).Status.Points = new(int64) }, false},
		"a corpus is placed":    {&notes, func(o client.Object) { o.(*tenantryv1.Corpus).Status.Placement = nil }, true},
		"a corpus is not ready": {&notes, func(o client.Object) { ready(metav1.ConditionFalse, "X")(o.(*tenantryv1.Corpus)) }, true},
		"a plane was audited":   {dp, func(o client.Object) { o.(*tenantryv1.DataPlane).Status.Tenants = 9 }, false},
		"Qdrant was upgraded":   {dp, func(o client.Object) { o.(*tenantryv1.DataPlane).Status.Servers[0].Version = "1.20" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			after := tc.old.DeepCopyObject().(client.Object)
			tc.edit(after)
			p := tenantMatters
			switch tc.old.(type) {
			case *tenantryv1.Corpus:
				p = corpusMatters
			case *tenantryv1.DataPlane:
				p = planeMatters
			}
			if got := p.Update(event.UpdateEvent{ObjectOld: tc.old, ObjectNew: after}); got != tc.want {
				t.Errorf("wakes the gateway's reconciler: %v", got)
			}
		})
	}
}

// TestPlaneOf: every object leads to the plane whose Secret depends on it.
func TestPlaneOf(t *testing.T) {
	acme, notes, law, stray := tenant("acme"), corpus("acme", "notes"), reference("law"), corpus("nobody", "x")
	r := newRig(t, &acme)
	named := func(name string) client.Object { dp := dataPlane(); dp.Name = name; return dp }
	for name, tc := range map[string]struct {
		of   func(context.Context, client.Object) string
		from client.Object
		want string
	}{
		"a tenant":               {planeOfTenant, &acme, "eu-1"},
		"a corpus":               {r.planeOfCorpus, &notes, "eu-1"},
		"a reference":            {r.planeOfCorpus, &law, "eu-1"},
		"a corpus without owner": {r.planeOfCorpus, &stray, ""},
		"its Secret":             {planeOfSecret, named("eu-1-gateway"), "eu-1"},
		"any other Secret":       {planeOfSecret, named("eu-1-keys"), ""},
	} {
		if got := tc.of(t.Context(), tc.from); got != tc.want {
			t.Errorf("%s leads to %q, want %q", name, got, tc.want)
		}
	}
}
