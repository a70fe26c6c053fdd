// Command gateway serves the Qdrant of one plane to its tenants, and to nobody anything that is not theirs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/tenantry/tenantry/internal/gateway"
)

const (
	// namespaceFile is where a Pod finds its own namespace.
	namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
	// flushTimeout is for sending the last spans.
	flushTimeout = 5 * time.Second
)

func main() {
	var o gateway.Options
	o.BindFlags(flag.CommandLine)
	log := zap.Options{TimeEncoder: zapcore.RFC3339NanoTimeEncoder}
	log.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&log)))
	gateway.TuneCollector(os.Getenv)
	if err := run(ctrl.SetupSignalHandler(), o); err != nil {
		ctrl.Log.Error(err, "The gateway stopped")
		os.Exit(1)
	}
}

func run(ctx context.Context, o gateway.Options) error {
	var err error
	if o.Namespace, err = ownNamespace(o.Namespace); err != nil {
		return err
	}
	if o.Config, err = ctrl.GetConfig(); err != nil {
		return fmt.Errorf("find the API server: %w", err)
	}
	o.Log, o.Registry = ctrl.Log.WithName("gateway"), ctrlmetrics.Registry
	spans, err := tracing(ctx, os.Getenv)
	if err != nil {
		return err
	}
	if spans != nil {
		o.Tracer = spans
		defer func() {
			flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
			defer cancel()
			if err := spans.Shutdown(flush); err != nil {
				ctrl.Log.Info("The last spans were not sent", "why", err.Error())
			}
		}()
	}
	g, err := gateway.New(o)
	if err != nil {
		return err
	}
	return g.Start(ctx)
}

func ownNamespace(fromFlag string) (string, error) {
	if fromFlag != "" {
		return fromFlag, nil
	}
	if ns := os.Getenv("POD_NAMESPACE"); ns != "" {
		return ns, nil
	}
	b, err := os.ReadFile(namespaceFile)
	if err != nil {
		return "", fmt.Errorf("the operator's namespace is not known: set --namespace or POD_NAMESPACE")
	}
	return strings.TrimSpace(string(b)), nil
}
