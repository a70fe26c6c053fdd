package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/qdrantrest"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// firstBuffer is how much is set aside for a body on the client's word alone.
	firstBuffer = 1 << 20
	contentJSON = "application/json"
	// bodyCopies of a body are there while it is decoded: twice as text, and what it becomes.
	bodyCopies = 3
	// valueBytes is what a value of JSON takes, or a member, once it is decoded: an object with one member takes most.
	valueBytes = 192
	// textCopies is how much longer than the answer of Qdrant's its text gets, and the buffer that grows with it.
	textCopies = 6
)

// restAPI serves Qdrant's REST API through the same pipeline as gRPC: bodies are decoded into the same messages, and
// answers encoded anew. Nothing of a request is forwarded as bytes.
type restAPI struct {
	pipeline *Pipeline
	dir      Directory
	clock    clock.PassiveClock
	limit    int64 // of a body
}

func newRESTServer(base context.Context, p *Pipeline, dir Directory, l Limits, config *tls.Config, log io.Writer) *http.Server {
	return newHTTPServer(base, &restAPI{pipeline: p, dir: dir, clock: p.clock, limit: int64(l.RequestBytes)}, l, config, log)
}

// ServeHTTP implements http.Handler.
func (a *restAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := a.clock.Now()
	defer a.recovered(w, r)
	if a.local(w, r) {
		return
	}
	op, unmatched := qdrantrest.Match(r.Method, r.URL.EscapedPath())
	request := Request{Header: r.Header, Peer: peerName(r.RemoteAddr), Protocol: protocolREST}
	if unmatched != nil {
		// Who is nobody learns nothing, not even which paths there are.
		request.Read = func(*lease) (proto.Message, int, error) { return nil, 0, restFault(unmatched) }
	} else {
		request.Method = op.Method
		request.Read = func(l *lease) (proto.Message, int, error) { return a.read(w, r, op, l) }
	}
	answer, err := a.pipeline.Do(r.Context(), request)
	if err != nil {
		a.fail(w, asFault(err), a.clock.Since(start))
		return
	}
	defer answer.Done() // once the client has taken what is written, or the server has given up on it
	a.answer(w, op, &answer)
}

// answer encodes and writes an answer.
func (a *restAPI) answer(w http.ResponseWriter, op *qdrantrest.Operation, answer *Answer) {
	took := a.clock.Since(answer.start)
	if err := answer.lease.use(textCopies * int64(answer.size)); err != nil {
		a.fail(w, asFault(err), took)
		return
	}
	body, err := op.Encode(answer.Message, took)
	if err != nil {
		a.pipeline.troubled(err, "An answer could not be encoded", "method", op.Method)
		a.fail(w, errInternal, took)
		return
	}
	code := op.Status(answer.Message)
	answer.Message = nil
	answer.lease.shrink(int64(cap(body)))
	a.write(w, code, op.ContentType(), body)
}

// read returns the message of a request. It takes JSON and no other encoding: what Qdrant would read differently from us
// must not get past us.
func (a *restAPI) read(w http.ResponseWriter, r *http.Request, op *qdrantrest.Operation, l *lease) (proto.Message, int, error) {
	if err := checkEncoding(r); err != nil {
		return nil, 0, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, 0, &fault{code: codes.InvalidArgument, reason: reasonMalformed, message: "The query string is not well-formed"}
	}
	body, err := a.body(w, r, l)
	if err != nil {
		return nil, len(body), err
	}
	op.Meter = func(n int) error { return l.use(int64(n) * valueBytes) }
	m, err := op.Decode(query, body)
	if err != nil {
		return nil, len(body), restFault(err)
	}
	return m, len(body), nil
}

func checkEncoding(r *http.Request) error {
	for _, e := range r.Header.Values("Content-Encoding") {
		if e != "" && e != "identity" {
			return unsupported("Content-Encoding must be absent or identity: compressed bodies are not taken")
		}
	}
	if r.ContentLength == 0 {
		return nil
	}
	types := r.Header.Values("Content-Type")
	if len(types) == 1 {
		if t, _, err := mime.ParseMediaType(types[0]); err == nil && t == contentJSON {
			return nil
		}
	}
	return unsupported("Content-Type must be application/json")
}

func unsupported(message string) error {
	return &fault{code: codes.InvalidArgument, reason: reasonMalformed, message: message, httpStatus: http.StatusUnsupportedMediaType}
}

// body reads a body. What is announced is counted before it is read, and what is not as it comes.
func (a *restAPI) body(w http.ResponseWriter, r *http.Request, l *lease) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > a.limit {
		return nil, tooLarge(a.limit)
	}
	if err := l.use(bodyCopies * max(r.ContentLength, 0)); err != nil {
		return nil, err
	}
	// One byte more than announced, so that the end is seen without growing.
	body := make([]byte, 0, min(max(r.ContentLength, 511), firstBuffer)+1)
	in := http.MaxBytesReader(w, r.Body, a.limit)
	for {
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if r.ContentLength < 0 {
			if err := l.use(bodyCopies * int64(n)); err != nil {
				return body, err
			}
		}
		if err != nil {
			return body, bodyFault(err, a.limit)
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

func bodyFault(err error, limit int64) error {
	var long *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &long):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errDeadline
	}
	return &fault{code: codes.InvalidArgument, reason: reasonMalformed, message: "The body ended before it was complete"}
}

func tooLarge(limit int64) error {
	return &fault{code: codes.ResourceExhausted, reason: reasonTooLarge, httpStatus: http.StatusRequestEntityTooLarge,
		message: "The body is longer than " + strconv.FormatInt(limit, 10) + " bytes"}
}

// restFault makes a fault of what the codec refused.
func restFault(err error) error {
	var e *qdrantrest.Error
	if !errors.As(err, &e) {
		return err
	}
	f := &fault{code: codes.InvalidArgument, reason: reasonMalformed, message: e.Message, httpStatus: e.Status}
	switch e.Status {
	case http.StatusNotFound:
		f.code, f.reason = codes.NotFound, reasonUnknown
	case http.StatusMethodNotAllowed:
		f.code, f.reason = codes.Unimplemented, reasonUnknown
	case http.StatusRequestEntityTooLarge:
		f.code, f.reason = codes.ResourceExhausted, reasonTooLarge
	}
	return f
}

func (a *restAPI) fail(w http.ResponseWriter, f *fault, took time.Duration) {
	code := f.httpStatus
	if code == 0 {
		code = qdrantrest.HTTPStatus(f.code)
	}
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.retrySeconds()))
	}
	if code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	a.write(w, code, contentJSON, qdrantrest.EncodeError(code, f.message, took))
}

func (a *restAPI) write(w http.ResponseWriter, code int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) //nolint:gosec // JSON or plain text that no browser may sniff; an error means that the client has gone
}

// recovered answers for a panic outside of the pipeline, in the codec.
func (a *restAPI) recovered(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	a.pipeline.panicked(v, r.Method, debug.Stack())
	a.fail(w, errInternal, 0)
}

// peerName is a client's address.
type peerName string

// String implements fmt.Stringer.
func (p peerName) String() string { return string(p) }
