package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// gatewayAccount is the ServiceAccount of config/gateway.
const gatewayAccount = "tenantry-gateway-" + planeName

// gateway of the plane as a process of its own.
type gateway struct {
	process
	gatewayAddresses
}

// gatewayAddresses are where it listens. The DataPlane names the first two, so they are known before it runs.
type gatewayAddresses struct {
	rest, grpc, probe string
	// release gives the ports free: until then nothing else on this machine gets them.
	release func()
}

func (g gatewayAddresses) url() string { return "http://" + g.rest }

func reserveAddresses() (gatewayAddresses, error) {
	var g gatewayAddresses
	var taken []net.Listener
	g.release = sync.OnceFunc(func() {
		for _, l := range taken {
			_ = l.Close()
		}
	})
	for _, addr := range []*string{&g.rest, &g.grpc, &g.probe} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			g.release()
			return g, err
		}
		taken, *addr = append(taken, l), l.Addr().String()
	}
	return g, nil
}

// runGateway applies config/gateway without what needs nodes, and starts the same binary as the same ServiceAccount.
func (d *demo) runGateway(ctx context.Context) error {
	rendered, err := d.kubectl.run(ctx, "", "kustomize", "config/gateway")
	if err != nil {
		return err
	}
	manifests, err := withoutKind(rendered, "Deployment", "Service")
	if err != nil {
		return err
	}
	if err := d.kubectl.apply(ctx, manifests, "kubectl kustomize config/gateway | kubectl apply --server-side -f -", "-f", "-"); err != nil {
		return err
	}
	p, err := d.build(ctx, "gateway", gatewayAccount)
	if err != nil {
		return err
	}
	d.gateway = &gateway{process: p, gatewayAddresses: d.listeners}
	d.onExit(d.gateway.stop)
	if err := d.startGateway(ctx); err != nil {
		return err
	}
	return d.gatewayCannot(ctx)
}

func (d *demo) startGateway(ctx context.Context) error {
	g := d.gateway
	args := []string{
		"--data-plane=" + planeName, "--namespace=" + operatorNamespace, "--rest-bind-address=" + g.rest, "--grpc-bind-address=" + g.grpc,
		"--health-probe-bind-address=" + g.probe, "--metrics-bind-address=0",
	}
	d.console.Command("KUBECONFIG=" + gatewayAccount + ".kubeconfig ./gateway " + strings.Join(args[:2], " ") + " \\\n  " +
		strings.Join(args[2:4], " ") + " \\\n  " + strings.Join(args[4:], " "))
	g.release()
	if err := g.run(nil, args...); err != nil {
		return wrap("start the gateway", err)
	}
	ready := "http://" + g.probe + "/readyz"
	said := ""
	err := g.poll(ctx, "the gateway to be ready", func(ctx context.Context) bool {
		status, body, err := fetch(ctx, http.MethodGet, ready, "", "")
		said = body
		return err == nil && status == http.StatusOK
	})
	if err != nil {
		return fmt.Errorf("%w; it says: %s", err, said)
	}
	d.console.OK("the gateway runs as process %d, acts as ServiceAccount %s/%s, and %s says: %s",
		g.cmd.Process.Pid, operatorNamespace, gatewayAccount, ready, strings.TrimSpace(said))
	return nil
}

// gatewayCannot shows how far its rights reach: to the one Secret that the operator writes for it, not to Qdrant's API key.
func (d *demo) gatewayCannot(ctx context.Context) error {
	as := d.kubectl.as(d.gateway.kubeconfig)
	for _, ask := range []struct{ want, what string }{
		{"yes", "secrets/" + planeName + "-gateway"}, {"no", "secrets/" + planeName + "-qdrant"}, {"no", "secrets/" + planeName + "-keys"},
	} {
		if err := d.canI(ctx, as, "the gateway", ask.want, "get", ask.what, "--namespace", operatorNamespace); err != nil {
			return err
		}
	}
	return nil
}

// fetch makes one HTTP request with a credential, "" for none.
func fetch(ctx context.Context, method, url, key, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Api-Key", key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(got), err
}
