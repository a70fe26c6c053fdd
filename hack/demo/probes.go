package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// probePeriod between two live probes of a tenant: short, so that one follows soon after the gateway is up.
const probePeriod = "10s"

// proved shows what the operator's own probes found: it tries the same all the time, as every tenant. It waits for a round of
// which nothing is void: the first ones may have been made before the gateway was there.
func (d *demo) proved(ctx context.Context) error {
	for _, name := range companies {
		var t tenantryv1.Tenant
		var crossed error
		err := eventually(ctx, "a live probe as "+name+" that proves everything", func() error {
			t = tenantryv1.Tenant{}
			if err := d.kubectl.decode(ctx, &t, "get", "tenant", name); err != nil {
				return err
			}
			ok, err := proven(name, t.Status.Probe)
			if crossed = err; ok || err != nil {
				return nil
			}
			return fmt.Errorf("the last round: %s", tallied(t.Status.Probe))
		})
		if err := cmp.Or(crossed, err); err != nil {
			return err
		}
		d.console.OK("the operator's own live probes as %s: %s", name, tallied(t.Status.Probe))
	}
	d.note("the operator probes every tenant itself, over and over; none got through")
	return nil
}

// proven says whether everything could be tried, at the gateway too. What got through is an error.
func proven(name string, p *tenantryv1.ProbeStatus) (bool, error) {
	if p == nil {
		return false, nil
	}
	if p.Failed > 0 {
		return false, fmt.Errorf("a live probe as %s got through: %s %s", name, p.Evidence[0].Attempt, p.Evidence[0].Answer)
	}
	atGateway := slices.ContainsFunc(p.Evidence, func(e tenantryv1.ProbeEvidence) bool { return strings.HasPrefix(e.Attempt, "gateway: ") })
	return p.Void == 0 && atGateway, nil
}

func tallied(p *tenantryv1.ProbeStatus) string {
	if p == nil {
		return "none yet"
	}
	return fmt.Sprintf("%d passed, %d got through, %d void", p.Passed, p.Failed, p.Void)
}
