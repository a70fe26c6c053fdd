// Command manager is the Tenantry operator.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/tenantry/tenantry/internal/operator"
)

// namespaceFile is where a Pod finds its own namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

type flags struct {
	metricsAddr, probeAddr, namespace, serviceAccount string
	metricsAuth, leaderElect                          bool
	workers                                           int
	shutdown, probePeriod                             time.Duration
	log                                               zap.Options
}

func parseFlags() flags {
	var f flags
	flag.StringVar(&f.metricsAddr, "metrics-bind-address", ":8443", "Address of the metrics endpoint; 0 turns it off.")
	flag.BoolVar(&f.metricsAuth, "metrics-secure", true,
		"Serve metrics over HTTPS to callers that the API server authenticates and authorizes.")
	flag.StringVar(&f.probeAddr, "health-probe-bind-address", ":8081", "Address of /healthz and /readyz.")
	flag.BoolVar(&f.leaderElect, "leader-elect", true, "Let only one of several replicas work.")
	flag.StringVar(&f.namespace, "namespace", "", "Namespace the operator runs in. Default: $POD_NAMESPACE, or that of the Pod.")
	flag.StringVar(&f.serviceAccount, "service-account", os.Getenv("POD_SERVICE_ACCOUNT"),
		"ServiceAccount the operator runs as, for messages that say how to grant it a right.")
	flag.IntVar(&f.workers, "workers", 0, "Concurrent reconciles per kind. Default 8.")
	flag.DurationVar(&f.probePeriod, "probe-period", 0,
		"Time between two live probes of a tenant. Default: 5 to 27 minutes, by the number of tenants of its plane. Below zero there are none.")
	flag.DurationVar(&f.shutdown, "graceful-shutdown-timeout", 30*time.Second, "Time for running reconciles to end.")
	f.log = zap.Options{TimeEncoder: zapcore.RFC3339NanoTimeEncoder}
	f.log.BindFlags(flag.CommandLine)
	flag.Parse()
	return f
}

func main() {
	f := parseFlags()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&f.log)))
	if err := run(f); err != nil {
		ctrl.Log.Error(err, "The operator stopped")
		os.Exit(1)
	}
}

func run(f flags) error {
	namespace, err := ownNamespace(f.namespace)
	if err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server: %w", err)
	}
	options, err := f.managerOptions(namespace)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	// Health says that this process runs. Servers that are away show in conditions; restarting the operator mends none.
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add health check: %w", err)
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add readiness check: %w", err)
	}
	ctx := ctrl.SetupSignalHandler()
	setup := operator.Options{Namespace: namespace, ServiceAccount: f.serviceAccount, Workers: f.workers, ProbePeriod: f.probePeriod}
	if err := operator.Setup(ctx, mgr, setup); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func (f flags) managerOptions(namespace string) (manager.Options, error) {
	scheme, err := operator.Scheme()
	if err != nil {
		return manager.Options{}, err
	}
	metrics := metricsserver.Options{BindAddress: f.metricsAddr, SecureServing: f.metricsAuth, TLSOpts: []func(*tls.Config){noHTTP2}}
	if f.metricsAuth {
		metrics.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	return manager.Options{
		Scheme:                  scheme,
		Cache:                   operator.CacheOptions(namespace),
		Metrics:                 metrics,
		HealthProbeBindAddress:  f.probeAddr,
		LeaderElection:          f.leaderElect,
		LeaderElectionID:        "tenantry-controller-manager",
		LeaderElectionNamespace: namespace,
		// The process exits right after the manager stops, so the next leader need not wait for the lease to run out.
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &f.shutdown,
	}, nil
}

// noHTTP2 keeps the metrics endpoint clear of the stream resets that HTTP/2 allows.
func noHTTP2(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }

func ownNamespace(fromFlag string) (string, error) {
	if fromFlag != "" {
		return fromFlag, nil
	}
	if ns := os.Getenv("POD_NAMESPACE"); ns != "" {
		return ns, nil
	}
	b, err := os.ReadFile(namespaceFile)
	if err != nil {
		return "", fmt.Errorf("the namespace the operator runs in is not known: set --namespace or POD_NAMESPACE")
	}
	return strings.TrimSpace(string(b)), nil
}
