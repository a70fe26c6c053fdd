package harness

import (
	"context"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/tenantry/tenantry/internal/gateway"
)

// gatewayAccount is the ServiceAccount of config/gateway, for plane eu-1.
const gatewayAccount = "tenantry-gateway-eu-1"

// GatewayAudience is what a ServiceAccount's token must be meant for.
const GatewayAudience = "tenantry-gateway"

// ServingGateway is a gateway under test.
type ServingGateway struct {
	*gateway.Gateway
	// Stop drains it and waits until it has ended. It may be called twice.
	Stop func()
}

// InstallGateway applies config/gateway, which gives gateways of plane eu-1 their rights.
func (c *Cluster) InstallGateway(t testing.TB) {
	t.Helper()
	c.install(t, "gateway")
}

// OpenGateway runs a gateway of plane eu-1 in this process, on free ports, with the rights of config/gateway and nothing more.
// It need not be ready: the plane may not have been declared yet. admin is a connection of the administrator's that the caller
// may have wrapped.
func OpenGateway(t testing.TB, admin *rest.Config, edit ...func(*gateway.Options)) *ServingGateway {
	t.Helper()
	o := GatewayOptions(admin)
	for _, f := range edit {
		f(&o)
	}
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Start(ctx) }()
	s := &ServingGateway{Gateway: g, Stop: sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("gateway: %v", err)
		}
	})}
	t.Cleanup(s.Stop)
	return s
}

// StartGateway is [OpenGateway] for a plane that stands: it waits until the gateway is ready.
func StartGateway(t testing.TB, admin *rest.Config, edit ...func(*gateway.Options)) *ServingGateway {
	t.Helper()
	g := OpenGateway(t, admin, edit...)
	g.AwaitReady(t)
	return g
}

// AwaitReady waits until it serves.
func (g *ServingGateway) AwaitReady(t testing.TB) {
	t.Helper()
	Eventually(t, SettleWithin, "a gateway that is ready", func(context.Context) error { return g.Ready() })
}

// GatewayOptions are those of a gateway of plane eu-1 that may do what its ServiceAccount may, and nothing more.
func GatewayOptions(admin *rest.Config) gateway.Options {
	const anyPort = "127.0.0.1:0"
	return gateway.Options{
		DataPlane: "eu-1", Namespace: SystemNamespace, Config: impersonate(admin, gatewayAccount),
		RESTAddress: anyPort, GRPCAddress: anyPort, ProbeAddress: "0", MetricsAddress: "0", DrainTimeout: 5 * time.Second,
	}
}

// AccountToken is what the API server issues to a ServiceAccount, which is made if it does not exist.
func (c *Cluster) AccountToken(t testing.TB, namespace, name, audience string) string {
	t.Helper()
	account := &corev1.ServiceAccount{}
	account.Namespace, account.Name = namespace, name
	if err := c.Create(t.Context(), account); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		Audiences: []string{audience}, ExpirationSeconds: ptr.To(int64(3600)),
	}}
	if err := c.SubResource("token").Create(t.Context(), account, request); err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}
