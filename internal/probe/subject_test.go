package probe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// secretReader makes a Runner that reads one Secret with this user and password.
func secretReader(t *testing.T, username, password string) *Runner {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, tenantryv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "acme-x", Annotations: map[string]string{tenantryv1.OwnerUIDAnnotation: "u1"}},
		Data:       map[string][]byte{"username": []byte(username), "password": []byte(password)},
	}
	none := func(client.Object) []string { return nil }
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(secret).
		WithIndex(&tenantryv1.Corpus{}, "tenant", none).WithIndex(&tenantryv1.Corpus{}, "plane", none).Build()
	clock := clocktesting.NewFakePassiveClock(time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC))
	return &Runner{Client: c, Clock: clock, Secrets: &credential.Store{Reader: c, Writer: c, Clock: clock},
		IndexTenant: "tenant", IndexDataPlane: "plane"}
}

// Whoever may write Secrets in the namespace of a tenant must not choose as whom the operator logs in.
func TestOnlyTheTenantsOwnCredentialIsPresented(t *testing.T) {
	spec := rows.Spec{Plane: "eu-1", Installation: "i", NameKey: []byte("naming")}
	login := rows.LoginName(spec, "u1", 0)
	for name, c := range map[string]struct {
		layer              boundary.Layer
		username, password string
		want               []trial.Result
	}{
		"as issued":            {boundary.Rows, login, "p", []trial.Result{trial.Passed}},
		"the operator":         {boundary.Rows, "tenantry_operator", "p", []trial.Result{trial.Void}},
		"another tenant":       {boundary.Rows, rows.LoginName(spec, "u2", 0), "p", []trial.Result{trial.Void}},
		"another slot":         {boundary.Rows, rows.LoginName(spec, "u1", 1), "p", []trial.Result{trial.Void}},
		"with start-up words":  {boundary.Rows, login + "\x00application_name\x00evil", "p", []trial.Result{trial.Void}},
		"no password":          {boundary.Rows, login, "", []trial.Result{trial.Void}},
		"Cache as issued":      {boundary.Cache, "tenant-acme", "p", []trial.Result{trial.Passed}},
		"Cache, somebody else": {boundary.Cache, "default", "p", []trial.Result{trial.Void}},
		"no token":             {boundary.Vector, "", "p", nil}, // a tenant without dedicated collections has none to hold
	} {
		t.Run(name, func(t *testing.T) {
			r := secretReader(t, c.username, c.password)
			tn := &tenantryv1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: "acme", UID: "u1"}}
			tn.Status.CredentialsNamespace = "team"
			tn.Status.Credentials = []tenantryv1.CredentialStatus{{Layer: tenantryv1.LayerName(c.layer), SecretName: "acme-x"}}
			s, err := r.gather(t.Context(), tn, &connect.Plane{Name: "eu-1", Rows: spec, QdrantKey: "key"})
			if err != nil {
				t.Fatal(err)
			}
			server := &scripted{answer: []trial.Attempt{attempt("reads", trial.Passed)}}
			var got []trial.Result
			for _, a := range s.try(t.Context(), &connect.Layer{Name: c.layer, Server: plane.Metered(server, nil)}, nil, 0) {
				got = append(got, a.Result)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || (server.asked == 1) != cmp.Equal(got, []trial.Result{trial.Passed}) {
				t.Errorf("asked %d times\n%s", server.asked, diff)
			}
		})
	}
}
