package audit

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// laterPerSecond is how many Tenants a second may be asked to write down that a server could not be read. A fleet of 1,000
// takes 40 s, and the API server has other work.
const laterPerSecond = 25

// round takes a snapshot of every server, or of those that told of a change, and judges the plane and its Tenants.
func (l *loop) round(ctx context.Context, p *connect.Plane, whole bool) {
	start := l.auditor.Clock.Now()
	hinted := l.takeHints()
	if whole {
		l.begin()
	}
	l.lanes.follow(ctx, l, p)
	l.read(ctx, p, func(layer boundary.Layer) bool { return whole || hinted[layer] })
	if ctx.Err() != nil {
		return
	}
	read := l.auditor.Clock.Now()
	l.auditor.Meter.AuditStep(l.name, "read", read.Sub(start))
	l.guard(ctx, "the judgement of the plane", func() { l.judgePlane(ctx, p) })
	l.guard(ctx, "the judgement of the Tenants", func() { l.judgeTenants(ctx, p) })
	l.auditor.Meter.AuditStep(l.name, "judge", l.auditor.Clock.Since(read))
	if !whole {
		return
	}
	for _, o := range l.answer() {
		l.auditor.Wake(ctx, o)
	}
}

func (l *loop) judgePlane(ctx context.Context, p *connect.Plane) {
	if l.auditor.Judge.Plane(ctx, p) {
		l.call(ctx, "DataPlane", Object{Plane: l.name})
	}
}

// judgeTenants judges one Tenant after the other. What goes wrong with one concerns no other.
func (l *loop) judgeTenants(ctx context.Context, p *connect.Plane) {
	names, err := l.auditor.Judge.Tenants(ctx, p)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "The Tenants of a plane could not be listed")
		return
	}
	later := int(laterPerSecond*p.Interval/time.Second) + 1
	for _, name := range names {
		if ctx.Err() != nil {
			return
		}
		switch urgency := l.judge(ctx, p, name); {
		case urgency == Settled:
		case urgency == Later && later == 0: // its turn comes with another round
		case urgency == Later:
			later--
			l.call(ctx, "Tenant", Object{Plane: l.name, Tenant: name})
		default:
			l.call(ctx, "Tenant", Object{Plane: l.name, Tenant: name})
		}
	}
}

func (l *loop) judge(ctx context.Context, p *connect.Plane, name string) (urgency Urgency) {
	urgency = Now // where the judgement fails, the reconcile tells why
	l.guard(ctx, "Tenant "+name, func() {
		u, err := l.auditor.Judge.Tenant(ctx, p, name)
		if err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "A Tenant could not be judged", "tenant", name)
			return
		}
		urgency = u
	})
	return urgency
}

func (l *loop) call(ctx context.Context, kind string, o Object) {
	l.auditor.Meter.Woken(l.name, kind)
	l.auditor.Wake(ctx, o)
}
