package operator

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/event"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/audit"
	"github.com/tenantry/tenantry/internal/controller/dataplane"
	"github.com/tenantry/tenantry/internal/controller/tenant"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// judges are the reconcilers, who say for the audit what is right.
type judges struct {
	planes  *dataplane.Reconciler
	tenants *tenant.Reconciler
}

func (j judges) Plane(ctx context.Context, p *connect.Plane) bool { return j.planes.Judge(ctx, p) }

func (j judges) Tenants(ctx context.Context, p *connect.Plane) ([]string, error) {
	return j.tenants.Names(ctx, p)
}

func (j judges) Tenant(ctx context.Context, _ *connect.Plane, name string) (audit.Urgency, error) {
	return j.tenants.Judge(ctx, name)
}

// woken carries what the audit found to be worked on to the reconcilers. Their queues hold each object once.
type woken struct{ planes, tenants chan event.GenericEvent }

func newWoken() woken {
	return woken{planes: make(chan event.GenericEvent), tenants: make(chan event.GenericEvent)}
}

func (w woken) wake(ctx context.Context, o audit.Object) {
	to, e := w.planes, event.GenericEvent{}
	if o.Tenant == "" {
		dp := &tenantryv1.DataPlane{}
		dp.Name = o.Plane
		e.Object = dp
	} else {
		t := &tenantryv1.Tenant{}
		t.Name = o.Tenant
		to, e.Object = w.tenants, t
	}
	select {
	case to <- e:
	case <-ctx.Done():
	}
}
