package main

import "context"

// manager is the operator as a process of its own.
type manager struct {
	process
	metricsAddr string
}

func (d *demo) buildManager(ctx context.Context) error {
	p, err := d.build(ctx, "manager", operatorAccount)
	if err != nil {
		return err
	}
	d.manager = &manager{process: p}
	d.onExit(d.manager.stop)
	return nil
}

// startManager starts the process and waits until it serves.
func (d *demo) startManager(ctx context.Context) error {
	if err := d.manager.start(); err != nil {
		return wrap("start the manager", err)
	}
	d.console.Command("KUBECONFIG=" + operatorAccount + ".kubeconfig ./manager --namespace=" + operatorNamespace + " --leader-elect=false \\\n" +
		"  --metrics-secure=false --metrics-bind-address=" + d.manager.metricsAddr + " --health-probe-bind-address=0 --probe-period=" + probePeriod)
	if err := d.manager.ready(ctx); err != nil {
		return err
	}
	d.console.OK("the operator runs as process %d and acts as ServiceAccount %s/%s", d.manager.cmd.Process.Pid, operatorNamespace, operatorAccount)
	return nil
}

func (m *manager) start() (err error) {
	if m.metricsAddr, err = freeAddr(); err != nil {
		return err
	}
	return m.run([]string{"POD_SERVICE_ACCOUNT=" + operatorAccount}, "--namespace="+operatorNamespace, "--leader-elect=false",
		"--metrics-secure=false", "--metrics-bind-address="+m.metricsAddr, "--health-probe-bind-address=0",
		"--probe-period="+probePeriod)
}

// ready waits until the metrics are served.
func (m *manager) ready(ctx context.Context) error {
	return m.await(ctx, "the operator to serve its metrics", func(series) bool { return true })
}

// await polls the metrics until they are as wanted. It fails when the process ends or the time is over.
func (m *manager) await(ctx context.Context, what string, wanted func(series) bool) error {
	return m.poll(ctx, what, func(ctx context.Context) bool {
		s, err := scrape(ctx, m.metricsAddr)
		return err == nil && wanted(s)
	})
}
