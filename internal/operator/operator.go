// Package operator wires the reconcilers together. cmd/manager runs it, and so do the tests, the demo and the benchmarks.
package operator

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/prometheus/client_golang/prometheus"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/audit"
	"github.com/tenantry/tenantry/internal/controller/aibudget"
	"github.com/tenantry/tenantry/internal/controller/corpus"
	"github.com/tenantry/tenantry/internal/controller/correction"
	"github.com/tenantry/tenantry/internal/controller/dataplane"
	"github.com/tenantry/tenantry/internal/controller/gateway"
	"github.com/tenantry/tenantry/internal/controller/metrics"
	"github.com/tenantry/tenantry/internal/controller/tenant"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// Options of the operator. The zero value of each field is its default.
type Options struct {
	// Namespace the operator runs in. Secrets of DataPlanes are read there and nowhere else. Required.
	Namespace string
	// ServiceAccount it runs as, in Namespace. Default tenantry-controller-manager.
	ServiceAccount string
	// Workers per kind. Default 8.
	Workers int
	// SecretMaxAge is how long the contents of a credential Secret are believed without reading it again. Default 5 min.
	SecretMaxAge time.Duration
	// RetryBase and RetryMax bound the backoff after an error. Defaults 1 s and 2 min.
	RetryBase, RetryMax time.Duration
	// Clock for everything that waits or expires. Default the real one.
	Clock clock.PassiveClock
	// Metrics registry. Default the one that the manager serves.
	Registerer prometheus.Registerer
	// AuditPause is the time between two rounds of the audit in place of the plane's interval. For tests.
	AuditPause time.Duration
	// ProbePeriod is the time between two live probes of a tenant. Default: from 5 to 27 minutes, by the number of tenants.
	// Below zero there are no probes.
	ProbePeriod time.Duration
	// Hooks for tests.
	Hooks connect.Hooks
}

const (
	defaultServiceAccount = "tenantry-controller-manager"
	defaultWorkers        = 8
	defaultSecretMaxAge   = 5 * time.Minute
	defaultRetryBase      = time.Second
	defaultRetryMax       = 2 * time.Minute

	// reconcileTimeout ends a reconcile that hangs in spite of the timeouts of its parts.
	reconcileTimeout = 5 * time.Minute
	// changedBuffer holds planes whose usability changed until the other controllers have started.
	changedBuffer = 1024
)

// Scheme knows every kind that the operator reads or writes.
func Scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("register Kubernetes kinds: %w", err)
	}
	if err := tenantryv1.AddToScheme(s); err != nil {
		return nil, fmt.Errorf("register Tenantry kinds: %w", err)
	}
	return s, nil
}

// CacheOptions keep the cache of Secrets to the operator's own namespace: it may read no others by list or watch.
func CacheOptions(namespace string) cache.Options {
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Namespaces: map[string]cache.Config{namespace: {}}},
		},
	}
}

// Setup registers every reconciler with a manager.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) error {
	o.complete()
	installation, err := installationID(ctx, mgr, o.Namespace)
	if err != nil {
		return err
	}
	reg := &connect.Registry{}
	m := metrics.New(o.Registerer)
	reg.Meter = m.Call
	if err := mgr.Add(closer{reg}); err != nil {
		return fmt.Errorf("register shutdown: %w", err)
	}
	w := newWoken()
	auditor := &audit.Auditor{Registry: reg, Wake: w.wake, Meter: m, Clock: o.Clock, Pause: o.AuditPause}
	if err := mgr.Add(auditor); err != nil {
		return fmt.Errorf("register the audit: %w", err)
	}
	tenants := make(chan event.GenericEvent, changedBuffer)
	corpora := make(chan event.GenericEvent, changedBuffer)
	gateways := make(chan event.GenericEvent, changedBuffer)
	budgets := make(chan event.GenericEvent, changedBuffer)
	secrets := &credential.Store{
		Reader: mgr.GetAPIReader(), Writer: mgr.GetClient(), Clock: o.Clock, MaxAge: o.SecretMaxAge,
		ServiceAccount: types.NamespacedName{Namespace: o.Namespace, Name: o.ServiceAccount},
	}
	c, rec := mgr.GetClient(), mgr.GetEventRecorder("tenantry")
	probes := o.probes(ctx, mgr, reg, secrets, w)
	fights := &correction.Memory{}
	planes := &dataplane.Reconciler{
		Fights: fights,
		Client: c, Recorder: rec, Registry: reg, Metrics: m, Clock: o.Clock, Hooks: o.Hooks,
		Namespace: o.Namespace, Installation: installation, Audit: auditor,
		Changed: func(name string) { announce(name, tenants, corpora, gateways, budgets) },
	}
	if err := planes.SetupWithManager(ctx, mgr, w.planes, o.controller()); err != nil {
		return fmt.Errorf("set up the DataPlane controller: %w", err)
	}
	tr := &tenant.Reconciler{Client: c, Recorder: rec, Registry: reg, Secrets: secrets, Metrics: m, Clock: o.Clock, Audit: auditor, Fights: fights}
	if probes != nil {
		planes.Probes, tr.Probes = probes, probes
	}
	auditor.Judge, auditor.Denied = judges{planes, tr}, tr.Denied
	if err := tr.SetupWithManager(ctx, mgr, tenants, w.tenants, o.controller()); err != nil {
		return fmt.Errorf("set up the Tenant controller: %w", err)
	}
	cr := &corpus.Reconciler{
		Client: c, Recorder: rec, Registry: reg, Secrets: secrets, Metrics: m, Clock: o.Clock, Namespace: o.Namespace,
	}
	// One worker: quota and names are decided among siblings, one after the other.
	single := o.controller()
	single.MaxConcurrentReconciles = 1
	if err := cr.SetupWithManager(mgr, corpora, single); err != nil {
		return fmt.Errorf("set up the Corpus controller: %w", err)
	}
	gr := &gateway.Reconciler{
		Client: c, Recorder: rec, Registry: reg, Clock: o.Clock, Namespace: o.Namespace, Installation: installation,
	}
	if err := gr.SetupWithManager(mgr, gateways, o.controller()); err != nil {
		return fmt.Errorf("set up the gateway controller: %w", err)
	}
	br := &aibudget.Reconciler{Client: c, Recorder: rec, Registry: reg, Metrics: m, Clock: o.Clock, Namespace: o.Namespace}
	if err := br.SetupWithManager(mgr, budgets, o.controller()); err != nil {
		return fmt.Errorf("set up the AIBudget controller: %w", err)
	}
	return addProbes(mgr, probes)
}

func announce(plane string, to ...chan<- event.GenericEvent) {
	dp := &tenantryv1.DataPlane{}
	dp.Name = plane
	for _, ch := range to {
		ch <- event.GenericEvent{Object: dp}
	}
}

func (o *Options) complete() {
	if o.ServiceAccount == "" {
		o.ServiceAccount = defaultServiceAccount
	}
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	if o.SecretMaxAge == 0 {
		o.SecretMaxAge = defaultSecretMaxAge
	}
	if o.RetryBase == 0 {
		o.RetryBase = defaultRetryBase
	}
	if o.RetryMax == 0 {
		o.RetryMax = defaultRetryMax
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Registerer == nil {
		o.Registerer = ctrlmetrics.Registry
	}
}

func (o *Options) controller() controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: o.Workers,
		ReconciliationTimeout:   reconcileTimeout,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](o.RetryBase, o.RetryMax),
	}
}

// installationID is the UID of the operator's namespace: a cluster made anew has another one, even from the same manifests.
func installationID(ctx context.Context, mgr ctrl.Manager, namespace string) (string, error) {
	var ns corev1.Namespace
	if err := mgr.GetAPIReader().Get(ctx, types.NamespacedName{Name: namespace}, &ns); err != nil {
		return "", fmt.Errorf("read the operator's namespace %q, whose UID identifies this installation: %w", namespace, err)
	}
	return string(ns.UID), nil
}

// closer ends the connections of every plane when the manager stops.
type closer struct{ registry *connect.Registry }

func (c closer) Start(ctx context.Context) error {
	<-ctx.Done()
	c.registry.Close()
	return nil
}

var _ manager.Runnable = closer{}
