package qdrantrest

import (
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"
)

// Operation is one request for one operation: the route that matched, with the names that stood in the path. It is
// made by Match for one request and must not be shared: Decode notes in it what Encode needs to know.
type Operation struct {
	// Method is the gRPC method that the operation is the twin of, such as "/qdrant.Points/Query".
	Method string
	// NamesOnly says that Decode reads the names in the path and ignores the body: enough to refuse the operation by
	// its policy, too little to carry it out.
	NamesOnly bool
	// Meter is asked before Decode makes of the body more than a few things, of a hundred bytes or two each: n of them. An
	// error of it ends Decode, which returns it. May be nil. There is a limit besides: MaxElements.
	Meter func(n int) error

	route  *route
	names  [2]string // the variables of the path, in order
	wants  []wants   // what the client asked to get with each point, by query
	lookup wants     // and with the record of each group
}

// wants is what a query asked for. A gRPC reply does not tell an empty payload from one that nobody asked for, and
// Qdrant's JSON does.
type wants struct{ payload, vectors bool }

// Decode reads the query parameters and the body of the request into the message of Method. Whatever is not exactly a
// request of this operation is an *Error with status 400 or 422. The message may hold substrings of the body.
func (o *Operation) Decode(query url.Values, body []byte) (_ proto.Message, err error) {
	params, err := parseParams(query, o.route.params)
	if err != nil {
		return nil, err
	}
	if o.NamesOnly {
		return o.route.decode(o, nil, params), nil
	}
	r, err := newReader(body, o.route.body, o.Meter)
	if err != nil {
		return nil, err
	}
	defer recoverError(&err)
	m := o.route.decode(o, r, params)
	r.end()
	return m, nil
}

// Encode returns the body that Qdrant sends for reply, which must be the reply of Method. Its content type is
// ContentType. It fails only when reply is of another type.
func (o *Operation) Encode(reply proto.Message, elapsed time.Duration) ([]byte, error) {
	return o.encode(reply, elapsed)
}

// Status is the HTTP status for reply: 200, or 404 when the one point that was asked for is not in it.
func (o *Operation) Status(reply proto.Message) int {
	if o.missing(reply) {
		return http.StatusNotFound
	}
	return http.StatusOK
}

// ContentType of what Encode returns: JSON, or plain text for the health checks.
func (o *Operation) ContentType() string {
	if o.route.text != "" {
		return "text/plain; charset=utf-8"
	}
	return "application/json"
}
