package main

import (
	"context"
	"fmt"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// proved shows what the operator's own probes found: it tries the same all the time, as every tenant.
func (d *demo) proved(ctx context.Context) error {
	for _, name := range companies {
		if _, err := d.kubectl.run(ctx, "", "wait", "tenant/"+name, "--for=jsonpath={.status.probe.passed}", "--timeout=90s"); err != nil {
			return err
		}
		var t tenantryv1.Tenant
		if err := d.kubectl.decode(ctx, &t, "get", "tenant", name); err != nil {
			return err
		}
		p := t.Status.Probe
		if p.Failed > 0 {
			return fmt.Errorf("a live probe as %s got through: %s %s", name, p.Evidence[0].Attempt, p.Evidence[0].Answer)
		}
		d.console.OK("the operator's own live probes as %s: %d passed, none got through", name, p.Passed)
	}
	d.note("the operator probes every tenant itself, over and over; none got through")
	return nil
}
