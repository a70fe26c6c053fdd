package api

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What the ClusterRoles for people allow, as the API server sees it.
func TestRolesForPeople(t *testing.T) {
	read, change := "get list watch", "create delete patch update"
	want := map[string]string{
		"admin":  read + " " + change + " deletecollection",
		"editor": read + " " + change,
		"viewer": read,
	}
	for _, crd := range definitions(t) {
		kind := strings.ToLower(crd.Spec.Names.Kind)
		for level, verbs := range want {
			t.Run(kind+"-"+level, func(t *testing.T) {
				role := readManifest(t, "../../config/rbac/"+kind+"_"+level+"_role.yaml").objects[0]
				if diff := cmp.Diff(kind+"-"+level, role.GetName()); diff != "" {
					t.Errorf("name of the role (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(verbs, granted(t, role, crd.Spec.Names.Plural)); diff != "" {
					t.Errorf("verbs (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// granted gives a new user the role and asks the API server what that user may do with a resource of ours. Status is the
// operator's: nobody gets the right to write it, except with the wildcard of admin, which does not reach subresources.
func granted(t *testing.T, role *unstructured.Unstructured, resource string) string {
	t.Helper()
	c, user := newClient(t), "user-of-"+role.GetName()
	role = role.DeepCopy()
	role.SetName("test-" + role.GetName())
	role.SetLabels(nil) // not a part of the built-in roles here
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.GetName()},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.GetName()},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: user}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { remove(t, c, object) })
	}
	as := actingAs(t, user)
	// Roles take effect a moment after they were made. Each of ours allows to read, so that until then a no says nothing.
	effective := func(context.Context) (bool, error) { return may(t, as, "get", resource, ""), nil }
	if err := wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, effective); err != nil {
		t.Fatalf("%s does not even allow to read: %v", role.GetName(), err)
	}
	if may(t, as, "update", resource, "status") {
		t.Errorf("%s may write status", role.GetName())
	}
	verbs := []string{"get", "list", "watch", "create", "delete", "patch", "update", "deletecollection"}
	return strings.Join(slices.DeleteFunc(verbs, func(verb string) bool { return !may(t, as, verb, resource, "") }), " ")
}

func actingAs(t *testing.T, user string) client.Client {
	t.Helper()
	config, err := stacktest.ControlPlane(t).AddUser(user)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// may asks whether a client may do something to all resources of a kind.
func may(t *testing.T, c client.Client, verb, resource, subresource string) bool {
	t.Helper()
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: v1alpha1.GroupVersion.Group, Resource: resource, Subresource: subresource, Verb: verb,
		},
	}}
	if err := c.Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

// Corpora are for tenant teams: whoever may edit a namespace may edit them. Nothing else comes with the built-in roles,
// except reading budgets.
func TestBuiltInRolesInclude(t *testing.T) {
	got := map[string][]string{}
	for _, m := range manifests(t, "../../config/rbac/*_admin_role.yaml", "../../config/rbac/*_editor_role.yaml", "../../config/rbac/*_viewer_role.yaml") {
		for label := range m.objects[0].GetLabels() {
			if role, ok := strings.CutPrefix(label, "rbac.authorization.k8s.io/aggregate-to-"); ok {
				got[role] = append(got[role], m.objects[0].GetName())
			}
		}
	}
	for _, names := range got {
		slices.Sort(names)
	}
	want := map[string][]string{
		"view":  {"aibudget-viewer", "corpus-viewer"},
		"edit":  {"aibudget-viewer", "corpus-editor", "corpus-viewer"},
		"admin": {"aibudget-viewer", "corpus-editor", "corpus-viewer"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("built-in roles (-want +got):\n%s", diff)
	}
}
