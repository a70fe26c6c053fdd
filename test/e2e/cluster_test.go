package e2e

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/log"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
)

const (
	systemNamespace = "tenantry-system"
	serviceAccount  = "tenantry-controller-manager"
	tenantNamespace = "team"
)

func init() { log.SetLogger(logr.Discard()) }

// cluster is an API server with the operator's manifests installed, and a client of its administrator.
type cluster struct {
	*stack.ControlPlane
	client.Client

	// operatorConfig is what operators connect with before they take on their ServiceAccount.
	operatorConfig *rest.Config
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	cp := stacktest.NewControlPlane(t, stack.ControlPlaneOptions{})
	c := &cluster{ControlPlane: cp, operatorConfig: cp.Config}
	var err error
	if c.Client, err = client.New(cp.Config, client.Options{Scheme: scheme(t)}); err != nil {
		t.Fatal(err)
	}
	c.install(t)
	for _, ns := range []string{tenantNamespace, "other-team"} {
		c.namespace(t, ns, true)
	}
	return c
}

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s, err := operator.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// install applies config/default without what would need nodes.
func (c *cluster) install(t *testing.T) {
	t.Helper()
	root := stacktest.RepoRoot(t)
	manifests := c.kubectl(t, nil, "kustomize", filepath.Join(root, "config", "default"))
	c.kubectl(t, manifests, "apply", "--server-side", "-f", "-")
}

func (c *cluster) kubectl(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.Kubectl, append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, stderr.String())
	}
	return out
}

// namespace makes a namespace; with grant the platform lets the operator keep credentials there.
func (c *cluster) namespace(t *testing.T, name string, grant bool) {
	t.Helper()
	ns := &corev1.Namespace{}
	ns.Name = name
	c.create(t, ns)
	if grant {
		c.kubectl(t, nil, "-n", name, "create", "rolebinding", "tenantry-credentials",
			"--clusterrole=tenantry-credentials", "--serviceaccount="+systemNamespace+":"+serviceAccount)
	}
}

func (c *cluster) create(t *testing.T, o client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatalf("create %T %s: %v", o, o.GetName(), err)
	}
}

// running is an operator under test.
type running struct {
	stop func()
	done chan error
}

// startOperator runs the operator in this process until stop is called or the test ends.
func (c *cluster) startOperator(t *testing.T, o operator.Options) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := newManager(ctx, c.operatorConfig, o)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	r := &running{done: make(chan error, 1)}
	go func() { r.done <- mgr.Start(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-r.done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("operator: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// newManager is an operator that may do what its ServiceAccount may, and nothing more.
func newManager(ctx context.Context, admin *rest.Config, o operator.Options) (ctrl.Manager, error) {
	o.Namespace, o.ServiceAccount = systemNamespace, serviceAccount
	o.Registerer = prometheus.NewRegistry()
	if o.SecretMaxAge == 0 {
		o.SecretMaxAge = time.Second
	}
	o.RetryBase, o.RetryMax = 50*time.Millisecond, time.Second
	s, err := operator.Scheme()
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(impersonate(admin), ctrl.Options{
		Scheme: s, Cache: operator.CacheOptions(systemNamespace),
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		Controller:              config.Controller{SkipNameValidation: ptr.To(true)},
		GracefulShutdownTimeout: ptr.To(10 * time.Second),
	})
	if err != nil {
		return nil, err
	}
	return mgr, operator.Setup(ctx, mgr, o)
}

// runManager runs an operator until ctx ends; before is told of every change.
func runManager(ctx context.Context, admin *rest.Config, before func(boundary.Change) error) error {
	mgr, err := newManager(ctx, admin, operator.Options{Hooks: planeconnect.Hooks{BeforeChange: before}})
	if err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// eventually polls until check returns nil, and fails with its last answer.
func eventually(t *testing.T, within time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last := errNotYet
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil { // the end of the wait says nothing of what was waited for
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s: %v", what, within, last)
		case <-tick.C:
		}
	}
}

var errNotYet = errors.New("not yet")
