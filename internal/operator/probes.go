package operator

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/tenantry/tenantry/internal/audit"
	"github.com/tenantry/tenantry/internal/controller/dataplane"
	"github.com/tenantry/tenantry/internal/controller/tenant"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/internal/probe"
)

// probes are the live probes, nil where there are to be none. What they find wakes reconcilers as the audit does.
func (o *Options) probes(ctx context.Context, mgr ctrl.Manager, reg *connect.Registry, secrets *credential.Store, w woken) *probe.Runner {
	if o.ProbePeriod < 0 {
		return nil
	}
	return &probe.Runner{
		Client: mgr.GetClient(), Secrets: secrets, Registry: reg, Book: probe.NewBook(), Metrics: probe.NewMetrics(o.Registerer),
		Clock: o.Clock, Period: o.ProbePeriod, IndexTenant: tenant.IndexTenant, IndexDataPlane: dataplane.IndexDataPlane,
		Tenant: func(name string) { w.wake(ctx, audit.Object{Tenant: name}) },
		Plane:  func(name string) { w.wake(ctx, audit.Object{Plane: name}) },
	}
}

func addProbes(mgr ctrl.Manager, probes *probe.Runner) error {
	if probes == nil {
		return nil
	}
	if err := mgr.Add(probes); err != nil {
		return fmt.Errorf("register the live probes: %w", err)
	}
	return nil
}
