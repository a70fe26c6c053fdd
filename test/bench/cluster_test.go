package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

const (
	systemNamespace = "tenantry-system"
	serviceAccount  = "tenantry-controller-manager"
	// tenantNamespace holds every tenant's Corpora and Secrets.
	tenantNamespace = "team"
	// plainNamespace holds the Secrets of the baseline.
	plainNamespace = "plain"
)

// cluster is an API server with the operator's manifests installed, and a client of its administrator.
type cluster struct {
	*stack.ControlPlane
	client.WithWatch
}

func newCluster(tb testing.TB) *cluster {
	tb.Helper()
	cp, err := stack.StartControlPlane(context.Background(), stack.ControlPlaneOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	c := &cluster{ControlPlane: cp}
	s, err := operator.Scheme()
	if err != nil {
		tb.Fatal(err)
	}
	if c.WithWatch, err = client.NewWithWatch(cp.Config, client.Options{Scheme: s}); err != nil {
		tb.Fatal(err)
	}
	manifests := c.kubectl(tb, nil, "kustomize", filepath.Join(stacktest.RepoRoot(tb), "config", "default"))
	c.kubectl(tb, manifests, "apply", "--server-side", "-f", "-")
	for _, ns := range []string{tenantNamespace, plainNamespace} {
		o := &corev1.Namespace{}
		o.Name = ns
		c.create(tb, o)
	}
	c.kubectl(tb, nil, "-n", tenantNamespace, "create", "rolebinding", "tenantry-credentials",
		"--clusterrole=tenantry-credentials", "--serviceaccount="+systemNamespace+":"+serviceAccount)
	return c
}

func (c *cluster) kubectl(tb testing.TB, stdin []byte, args ...string) []byte {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), c.Kubectl, append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("kubectl %v: %v\n%s", args, err, stderr.String())
	}
	return out
}

func (c *cluster) create(tb testing.TB, o client.Object) {
	tb.Helper()
	if err := c.Create(tb.Context(), o); err != nil {
		tb.Fatalf("create %T %s: %v", o, o.GetName(), err)
	}
}

// running is an operator in this process.
type running struct {
	*counts
	metrics *prometheus.Registry
	cancel  context.CancelFunc
	done    chan error
}

// startOperator runs the operator as its ServiceAccount, with the settings that cmd/manager has by default.
func (c *cluster) startOperator(tb testing.TB) *running {
	tb.Helper()
	r := &running{counts: &counts{}, metrics: prometheus.NewRegistry(), done: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	mgr, err := c.manager(ctx, r)
	if err != nil {
		cancel()
		tb.Fatal(err)
	}
	go func() { r.done <- mgr.Start(ctx) }()
	return r
}

func (c *cluster) manager(ctx context.Context, r *running) (ctrl.Manager, error) {
	s, err := operator.Scheme()
	if err != nil {
		return nil, err
	}
	as := rest.CopyConfig(c.Config)
	as.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + systemNamespace + ":" + serviceAccount,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + systemNamespace, "system:authenticated"},
	}
	as.Wrap(func(next http.RoundTripper) http.RoundTripper { return counted{next: next, counts: r.counts} })
	mgr, err := ctrl.NewManager(as, ctrl.Options{
		Scheme: s, Cache: operator.CacheOptions(systemNamespace),
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		Controller:              config.Controller{SkipNameValidation: ptr.To(true)},
		GracefulShutdownTimeout: ptr.To(10 * time.Second),
	})
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	return mgr, operator.Setup(ctx, mgr, operator.Options{
		Namespace: systemNamespace, ServiceAccount: serviceAccount, Registerer: r.metrics,
		Hooks: connect.Hooks{Trace: r.backend},
	})
}

func (r *running) stop() error {
	r.cancel()
	if err := <-r.done; err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("operator: %w", err)
	}
	return nil
}

var errNotYet = errors.New("not yet")

// eventually polls until check returns nil, and fails with its last answer.
func eventually(tb testing.TB, within, every time.Duration, what string, check func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), within)
	defer cancel()
	tick := time.NewTicker(every)
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
			tb.Fatalf("%s: not within %s: %v", what, within, last)
		case <-tick.C:
		}
	}
}
