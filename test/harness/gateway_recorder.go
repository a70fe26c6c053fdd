package harness

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// gatewayAgent begins the user agent of a gateway's requests.
const gatewayAgent = "tenantry-gateway"

// Recorder stands in front of a Qdrant, real or simulated, passes every request on as it came, and remembers those of gateways.
type Recorder struct {
	// Addr is host:port of its gRPC listener.
	Addr string

	upstream *grpc.ClientConn
	mu       sync.Mutex
	requests []UpstreamRequest
}

// UpstreamRequest is one request that a gateway sent to Qdrant.
type UpstreamRequest struct {
	Method string
	// Names are the collections that the request names, sorted, each once.
	Names []string
	// Opens are the collections that its credential opens by its own words; nil where it is no token.
	Opens []string
	// Metadata keys that came along, sorted.
	Metadata []string
}

// NewRecorder starts one in front of the Qdrant at an address.
func NewRecorder(t testing.TB, upstream string) *Recorder {
	t.Helper()
	conn, err := grpc.NewClient(upstream, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Recorder{Addr: listener.Addr().String(), upstream: conn}
	server := grpc.NewServer(grpc.ForceServerCodecV2(asIs{}), grpc.UnknownServiceHandler(r.pass))
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(func() {
		server.Stop()
		_ = conn.Close()
	})
	return r
}

// Requests of gateways since the start or the last Reset, in order.
func (r *Recorder) Requests() []UpstreamRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Reset forgets them.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = nil
}

// pass hands on one unary request: Qdrant has no others.
func (r *Recorder) pass(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	md, _ := metadata.FromIncomingContext(stream.Context())
	var request, reply []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	if strings.HasPrefix(strings.Join(md.Get("user-agent"), ""), gatewayAgent) {
		if err := r.remember(method, md, request); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
	}
	out := metadata.MD{}
	for _, key := range []string{"api-key", "authorization"} {
		if v := md.Get(key); len(v) > 0 {
			out.Set(key, v...)
		}
	}
	var trailer metadata.MD
	ctx := metadata.NewOutgoingContext(stream.Context(), out)
	err := r.upstream.Invoke(ctx, method, &request, &reply, grpc.ForceCodecV2(asIs{}), grpc.Trailer(&trailer))
	stream.SetTrailer(trailer)
	if err != nil {
		return err
	}
	return stream.SendMsg(&reply)
}

func (r *Recorder) remember(method string, md metadata.MD, request []byte) error {
	m, ok := scopeqdrant.NewRequest(method)
	if !ok {
		return fmt.Errorf("a gateway called %s, which no request of a tenant leads to", method)
	}
	if err := proto.Unmarshal(request, m); err != nil {
		return err
	}
	u := UpstreamRequest{Method: method, Names: collections(m.ProtoReflect()), Opens: opens(strings.Join(md.Get("api-key"), ""))}
	for key := range md {
		u.Metadata = append(u.Metadata, key)
	}
	slices.Sort(u.Metadata)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, u)
	return nil
}

// collections that a message names, at any depth.
func collections(m protoreflect.Message) []string {
	var out []string
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Name() == "collection_name" || f.Name() == "collection":
			out = append(out, v.String())
		case f.IsMap() || f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				out = append(out, collections(v.List().Get(i).Message())...)
			}
		default:
			out = append(out, collections(v.Message())...)
		}
		return true
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// opens reads a token of Qdrant's without checking it: Qdrant does.
func opens(token string) []string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var claims struct{ Access []struct{ Collection string } }
	if json.Unmarshal(raw, &claims) != nil { // a string: access to everything
		return nil
	}
	out := []string{}
	for _, a := range claims.Access {
		out = append(out, a.Collection)
	}
	slices.Sort(out)
	return out
}

// asIs leaves messages as the bytes that they are.
type asIs struct{}

var _ encoding.CodecV2 = asIs{}

// Name implements encoding.CodecV2.
func (asIs) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (asIs) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("%T is no message as it came", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

// Unmarshal implements encoding.CodecV2.
func (asIs) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("%T takes no message as it came", v)
	}
	*b = data.Materialize()
	return nil
}
