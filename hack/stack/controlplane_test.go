package stack_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestControlPlane(t *testing.T) {
	cp := stacktest.NewControlPlane(t, stack.ControlPlaneOptions{WithoutCRDs: true})
	t.Run("kubectl answers", func(t *testing.T) {
		out, err := exec.Command(cp.Kubectl, "--kubeconfig", cp.Kubeconfig, "get", "namespace", "default", "-o", "name").CombinedOutput()
		must(t, err)
		if diff := cmp.Diff("namespace/default\n", string(out)); diff != "" {
			t.Errorf("kubectl (-want +got):\n%s", diff)
		}
	})
	t.Run("no client-side limit", func(t *testing.T) {
		if diff := cmp.Diff(float32(-1), cp.Config.QPS); diff != "" {
			t.Errorf("QPS (-want +got):\n%s", diff)
		}
	})
	t.Run("RBAC", func(t *testing.T) { testRBAC(t, cp) })
	t.Run("kubeconfig of a user", func(t *testing.T) {
		path, err := cp.AddUserKubeconfig("eve")
		must(t, err)
		out, _ := exec.Command(cp.Kubectl, "--kubeconfig", path, "auth", "can-i", "list", "secrets").Output()
		if diff := cmp.Diff("no\n", string(out)); diff != "" {
			t.Errorf("kubectl auth can-i (-want +got):\n%s", diff)
		}
	})
	t.Run("stop leaves nothing", func(t *testing.T) {
		cp.Stop()
		if _, err := os.Stat(cp.LogFile()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the directory is still there: %v", err)
		}
		if err := kube(t, cp.Config).List(t.Context(), &corev1.NamespaceList{}); err == nil {
			t.Error("the API server still answers")
		}
	})
}

// testRBAC grants a user one verb and checks that it has that and no other.
func testRBAC(t *testing.T, cp *stack.ControlPlane) {
	admin := kube(t, cp.Config)
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"list"}}},
	}
	must(t, admin.Create(t.Context(), role))
	must(t, admin.Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "readers"}},
	}))
	config, err := cp.AddUser("alice", "readers")
	must(t, err)
	alice := kube(t, config)
	await(t, "the grant to count", func() bool {
		return alice.List(t.Context(), &corev1.ConfigMapList{}) == nil
	})
	if err := alice.List(t.Context(), &corev1.SecretList{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing secrets: got %v, want Forbidden", err)
	}
}

func kube(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(config, client.Options{})
	must(t, err)
	return c
}
