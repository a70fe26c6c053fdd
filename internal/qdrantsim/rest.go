package qdrantsim

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tenantry/tenantry/internal/qdrantrest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// restKey is the metadata key under which a call notes its HTTP request. No
// gRPC client can send a key that begins with a colon.
const restKey = ":rest"

// REST returns the HTTP method and path of a call that came over REST, such as
// "POST /collections/c/points/query", and "" for one that came over gRPC.
func (c Call) REST() string {
	if v := c.Metadata[restKey]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// restServer answers Qdrant's REST API through the services of the gRPC API:
// same store, same credentials, same recorder. Bodies are read by the strict
// codec of the gateway, so what Qdrant would ignore in a body is refused here;
// paths are as lenient as Qdrant's.
type restServer struct {
	s   *Server
	lis net.Listener
	srv *http.Server
}

func startREST(s *Server, addr string) (*restServer, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	lis, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	r := &restServer{s: s, lis: lis}
	r.srv = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.srv.Serve(s.faults.track(lis)) }()
	return r, nil
}

func (r *restServer) url() string { return "http://" + r.lis.Addr().String() }

func (r *restServer) close() { _ = r.srv.Close() }

// ServeHTTP keeps Qdrant's order: route, credential, body, operation.
func (r *restServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	start := time.Now()
	path := normalPath(req.URL.Path)
	ctx := restContext(req, path)
	op, err := qdrantrest.Match(req.Method, path)
	if err != nil {
		if method, ok := restOnly(req.Method, path); ok {
			r.serveRESTOnly(ctx, w, method, start)
			return
		}
		fail(w, err, start)
		return
	}
	if _, err := r.s.authenticate(ctx, op.Method); err != nil {
		_, _ = r.s.admit(ctx, op.Method, nil)
		failPlain(w, err)
		return
	}
	r.serveOperation(ctx, w, req, op, start)
}

func (r *restServer) serveOperation(ctx context.Context, w http.ResponseWriter, req *http.Request, op *qdrantrest.Operation, start time.Time) {
	msg, err := decodeREST(w, req, op)
	if err != nil {
		_, _ = r.s.admit(ctx, op.Method, nil)
		fail(w, err, start)
		return
	}
	reply, err := r.call(ctx, op.Method, msg)
	if err != nil {
		fail(w, err, start)
		return
	}
	body, err := op.Encode(reply, time.Since(start))
	if err != nil {
		fail(w, err, start)
		return
	}
	w.Header().Set("Content-Type", op.ContentType())
	w.WriteHeader(op.Status(reply))
	_, _ = w.Write(body) //nolint:gosec // JSON or plain text, and said to be
}

// normalPath undoes what Qdrant's router undoes: repeated slashes and one at
// the end; the escapes are undone already.
func normalPath(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if path == "" {
		return "/"
	}
	return path
}

// restContext carries the headers as metadata, as gRPC would have them.
func restContext(req *http.Request, path string) context.Context {
	md := metadata.MD{}
	for name, values := range req.Header {
		md[strings.ToLower(name)] = values
	}
	md[restKey] = []string{req.Method + " " + path}
	return metadata.NewIncomingContext(req.Context(), md)
}

// fail answers with Qdrant's JSON for an error of the codec or of a service.
func fail(w http.ResponseWriter, err error, start time.Time) {
	code, message := http.StatusInternalServerError, err.Error()
	var refused *qdrantrest.Error
	switch {
	case errors.As(err, &refused):
		code = refused.Status
	case status.Code(err) != codes.Unknown:
		code, message = qdrantrest.HTTPStatus(status.Code(err)), status.Convert(err).Message()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(qdrantrest.EncodeError(code, message, time.Since(start))) //nolint:gosec // JSON, and said to be
}

// failPlain answers a refused credential, which Qdrant does in plain text.
func failPlain(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(qdrantrest.HTTPStatus(status.Code(err)))
	_, _ = w.Write([]byte(status.Convert(err).Message()))
}
