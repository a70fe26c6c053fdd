package harness

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tenantry/tenantry/internal/operator"
)

// Running is an operator under test.
type Running struct {
	// Stop ends it and waits until it has ended. It may be called twice.
	Stop func()
}

// StartOperator runs the operator in this process until it is stopped or the test ends.
func (c *Cluster) StartOperator(t testing.TB, o operator.Options) *Running {
	t.Helper()
	return StartOperator(t, c.Config, o)
}

// StartOperator is [Cluster.StartOperator] over a connection of the administrator's that the caller may have wrapped, to watch
// what the operator asks of the API.
func StartOperator(t testing.TB, admin *rest.Config, o operator.Options) *Running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := NewManager(ctx, admin, o)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	r := &Running{Stop: sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("operator: %v", err)
		}
	})}
	t.Cleanup(r.Stop)
	return r
}

// NewManager is an operator that may do what its ServiceAccount may, and nothing more. It retries quickly and believes
// Secrets for a second.
func NewManager(ctx context.Context, admin *rest.Config, o operator.Options) (ctrl.Manager, error) {
	o.Namespace, o.ServiceAccount = SystemNamespace, serviceAccount
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	if o.SecretMaxAge == 0 {
		o.SecretMaxAge = time.Second
	}
	if o.ProbePeriod == 0 {
		o.ProbePeriod = -1 // tests count round trips and sessions; those of probes ask for them
	}
	o.RetryBase, o.RetryMax = 50*time.Millisecond, time.Second
	scheme, err := operator.Scheme()
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(impersonate(admin, serviceAccount), ctrl.Options{
		Scheme: scheme, Cache: operator.CacheOptions(SystemNamespace),
		Metrics:                 metricsserver.Options{BindAddress: "0"},
		Controller:              config.Controller{SkipNameValidation: ptr.To(true)},
		GracefulShutdownTimeout: ptr.To(10 * time.Second),
	})
	if err != nil {
		return nil, err
	}
	return mgr, operator.Setup(ctx, mgr, o)
}

// impersonate turns the administrator's configuration into that of a ServiceAccount in SystemNamespace.
func impersonate(cfg *rest.Config, account string) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + SystemNamespace + ":" + account,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + SystemNamespace, "system:authenticated"},
	}
	return cfg
}
