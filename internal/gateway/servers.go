package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/net/netutil"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// newHTTPServer bounds everything that a slow client could hold: header, body, answer, idleness.
func newHTTPServer(base context.Context, h http.Handler, l Limits, config *tls.Config, log io.Writer) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(config != nil)
	return &http.Server{
		Handler: h, TLSConfig: config, Protocols: protocols, ErrorLog: stdlog.New(log, "", 0),
		ReadHeaderTimeout: min(headerTimeout, l.RequestTimeout), ReadTimeout: l.RequestTimeout,
		WriteTimeout: clientPatience(l), // from the end of the header
		IdleTimeout:  idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		HTTP2:       &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		BaseContext: func(net.Listener) context.Context { return base },
	}
}

// clientPatience is how long a client may take over a request: its own time, and as much again to read the answer.
func clientPatience(l Limits) time.Duration { return 2 * l.RequestTimeout }

// newProbeServer serves /healthz and /livez, which say that the process runs, and /readyz.
func newProbeServer(base context.Context, ready func() error, l Limits, log io.Writer) *http.Server {
	mux := http.NewServeMux()
	alive := func(w http.ResponseWriter, _ *http.Request) { writeReady(w, nil) }
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /livez", alive)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { writeReady(w, ready()) })
	return newHTTPServer(base, mux, l, nil, log)
}

func newMetricsServer(base context.Context, g prometheus.Gatherer, l Limits, log io.Writer) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	return newHTTPServer(base, mux, l, nil, log)
}

// errorLog hands the lines of net/http to a logger at a level for the curious: most are clients that hung up.
type errorLog struct{ log logr.Logger }

// Write implements io.Writer.
func (e errorLog) Write(b []byte) (int, error) {
	e.log.V(1).Info("HTTP", "says", string(bytes.TrimSpace(b)))
	return len(b), nil
}

// certificates watches the certificate in a directory.
func certificates(dir string) (*certwatcher.CertWatcher, *tls.Config, error) {
	if dir == "" {
		return nil, nil, nil
	}
	w, err := certwatcher.New(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return nil, nil, fmt.Errorf("read tls.crt and tls.key in %s (--tls-cert-dir): %w", dir, err)
	}
	w.WithWatchInterval(certInterval)
	return w, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: w.GetCertificate}, nil
}

// certInterval is how often the files are read again should the file system not tell.
const certInterval = 10 * time.Second

// listen binds an address, for so many connections at once: nobody has shown a credential yet, and each takes memory. It returns
// nil for an address that is off.
func listen(what, address string, connections int) (net.Listener, error) {
	if address == off {
		return nil, nil //nolint:nilnil // off is not an error, and callers ask for nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", what, err)
	}
	return netutil.LimitListener(l, connections), nil
}

// ended drops the error that says a server was told to stop.
func ended(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
