package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"
)

// troubleInterval is how often one replica logs that something is broken.
const troubleInterval = time.Second

// Start serves until ctx ends, lets requests in flight end within the drain timeout, and returns nil. It returns an error
// if a listener or the watches end by themselves. It is called once.
func (g *Gateway) Start(ctx context.Context) error {
	// What requests in flight rest on outlives ctx until they have ended.
	inner, stop := context.WithCancel(log.IntoContext(context.WithoutCancel(ctx), g.options.Log))
	defer stop()
	r := &running{ended: make(chan struct{})}
	r.run("watch tenants", func() error { return endedByItself(inner, g.dir.Start(inner)) })
	if g.certs != nil {
		r.run("watch the certificate", func() error { return g.certs.Start(inner) })
	}
	if g.links != nil {
		r.run("watch connections", func() error { g.links.watch(inner); return nil })
	}
	g.serve(r)
	g.options.Log.Info("Serving", "dataPlane", g.options.DataPlane, "rest", g.RESTURL(), "grpc", g.GRPCAddress(), "tls", g.certs != nil)
	select {
	case <-ctx.Done():
	case <-r.ended:
	}
	g.drain()
	stop()
	r.wg.Wait()
	return r.err
}

// endedByItself makes an error of watches that end although nobody has asked them to.
func endedByItself(ctx context.Context, err error) error {
	if err == nil && ctx.Err() == nil {
		return errors.New("ended before they were told to")
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (g *Gateway) serve(r *running) {
	l := g.listeners
	if l.grpc != nil {
		r.run("serve gRPC", func() error { return ended(g.grpc.Serve(l.grpc)) })
	}
	for what, s := range map[string]struct {
		on     net.Listener
		server *http.Server
	}{"serve REST": {l.rest, g.rest}, "serve probes": {l.probe, g.probe}, "serve metrics": {l.metrics, g.metrics}} {
		if s.on != nil {
			r.run(what, func() error { return ended(serveHTTP(s.server, s.on)) })
		}
	}
}

func serveHTTP(s *http.Server, l net.Listener) error {
	if s.TLSConfig != nil {
		return s.ServeTLS(l, "", "")
	}
	return s.Serve(l)
}

// drain takes no new requests, waits for those in flight, and ends those that take too long. Probes and metrics are served
// to the end: whoever asks learns why.
func (g *Gateway) drain() {
	g.dir.draining.Store(true)
	g.options.Log.Info("Draining", "timeout", g.options.DrainTimeout.String())
	ctx, cancel := context.WithTimeout(context.Background(), g.options.DrainTimeout)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		g.grpc.GracefulStop()
	}()
	restErr := g.rest.Shutdown(ctx)
	select {
	case <-stopped:
	case <-ctx.Done():
	}
	g.kill()
	if restErr != nil || ctx.Err() != nil {
		g.options.Log.Info("Requests outlasted the drain and were ended")
	}
	_ = g.rest.Close() // nothing is left to lose
	g.grpc.Stop()
	<-stopped
	g.pipeline.upstream.close()
	_ = g.probe.Close()
	_ = g.metrics.Close()
	g.listeners.close()
}
