package harness

import (
	"bytes"
	"log/slog"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/operator"
)

// Namespaces that every Cluster has.
const (
	// SystemNamespace is the operator's.
	SystemNamespace = "tenantry-system"
	// TenantNamespace is one that credentials may be written to.
	TenantNamespace = "team"
	// TrustedNamespace is the one that [Servers.DataPlane] trusts with reference corpora and budgets.
	TrustedNamespace = "platform"

	serviceAccount = "tenantry-controller-manager"
)

func init() {
	log.SetLogger(logr.Discard())
	slog.SetDefault(slog.New(slog.DiscardHandler)) // Qdrant's client warns of every connection without TLS
}

// Cluster is an API server with the operator's manifests installed, and a client of its administrator.
type Cluster struct {
	*stack.ControlPlane
	client.Client
}

// NewCluster starts one, with namespaces.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	cp := stacktest.NewControlPlane(t, stack.ControlPlaneOptions{})
	scheme, err := operator.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{ControlPlane: cp}
	if c.Client, err = client.New(cp.Config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	c.install(t, "default")
	for _, name := range []string{TenantNamespace, TrustedNamespace} {
		c.Namespace(t, name, true)
	}
	return c
}

// install applies a directory of config. Nothing of it runs: there are no nodes.
func (c *Cluster) install(t testing.TB, directory string) {
	t.Helper()
	manifests := c.Kubectl(t, nil, "kustomize", filepath.Join(stacktest.RepoRoot(t), "config", directory))
	c.Kubectl(t, manifests, "apply", "--server-side", "-f", "-")
}

// Kubectl runs kubectl as the cluster's administrator and returns what it prints.
func (c *Cluster) Kubectl(t testing.TB, stdin []byte, args ...string) []byte {
	t.Helper()
	args = append([]string{"--kubeconfig", c.Kubeconfig}, args...)
	cmd := exec.CommandContext(t.Context(), c.ControlPlane.Kubectl, args...) //nolint:gosec // the control plane's own kubectl, with arguments of tests
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, stderr.String())
	}
	return out
}

// Namespace makes a namespace; with grant the platform lets the operator keep credentials there.
func (c *Cluster) Namespace(t testing.TB, name string, grant bool) {
	t.Helper()
	ns := &corev1.Namespace{}
	ns.Name = name
	c.Make(t, ns)
	if grant {
		c.Kubectl(t, nil, "-n", name, "create", "rolebinding", "tenantry-credentials",
			"--clusterrole=tenantry-credentials", "--serviceaccount="+SystemNamespace+":"+serviceAccount)
	}
}

// Make creates an object.
func (c *Cluster) Make(t testing.TB, o client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatalf("create %T %s: %v", o, o.GetName(), err)
	}
}

// Remove deletes an object and waits until its finalizers have run.
func (c *Cluster) Remove(t testing.TB, o client.Object) {
	t.Helper()
	if err := c.Delete(t.Context(), o); err != nil {
		t.Fatalf("delete %T %s: %v", o, o.GetName(), err)
	}
	c.AwaitGone(t, o, o.GetNamespace(), o.GetName())
}

// Secret reads the data of a Secret.
func (c *Cluster) Secret(t testing.TB, namespace, name string) map[string]string {
	t.Helper()
	var s corev1.Secret
	if err := c.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: name}, &s); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for k, v := range s.Data {
		out[k] = string(v)
	}
	return out
}

// Credential reads one Secret that was issued into TenantNamespace.
func (c *Cluster) Credential(t testing.TB, name string) map[string]string {
	t.Helper()
	return c.Secret(t, TenantNamespace, name)
}
