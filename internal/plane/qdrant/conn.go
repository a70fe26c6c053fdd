package qdrant

import (
	"context"
	"strings"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	// callTimeout bounds a round trip whose caller set no deadline.
	callTimeout = 30 * time.Second
	// reconnectEvery bounds the wait before a lost server is tried again.
	reconnectEvery = 5 * time.Second
	// maxAnswer in bytes: a page of grant records can be long.
	maxAnswer = 64 << 20
)

// calls are the services of one connection.
type calls struct {
	root        pb.QdrantClient
	collections pb.CollectionsClient
	points      pb.PointsClient
	snapshots   pb.SnapshotsClient
}

func newCalls(conn grpc.ClientConnInterface) calls {
	return calls{pb.NewQdrantClient(conn), pb.NewCollectionsClient(conn), pb.NewPointsClient(conn), pb.NewSnapshotsClient(conn)}
}

// dial uses the generated services and not the library's client: it has one credential for all calls and writes to the
// standard logger.
func dial(cfg Config) (*grpc.ClientConn, error) {
	transport := insecure.NewCredentials()
	if cfg.TLS != nil {
		transport = credentials.NewTLS(cfg.TLS)
	}
	retry := backoff.DefaultConfig
	retry.MaxDelay = reconnectEvery
	return grpc.NewClient(cfg.Address,
		grpc.WithTransportCredentials(transport),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: reconnectEvery}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithChainUnaryInterceptor(deadline, traced(cfg.Trace), authorised(cfg.APIKey)),
	)
}

func deadline(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTimeout)
		defer cancel()
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// credentialKey marks a context whose calls present something else than the API key.
type credentialKey struct{}

// presenting makes calls with a credential, "" for none.
func presenting(ctx context.Context, credential boundary.Secret) context.Context {
	return context.WithValue(ctx, credentialKey{}, credential)
}

func authorised(key boundary.Secret) grpc.UnaryClientInterceptor {
	return func(
		ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		credential := key
		if other, ok := ctx.Value(credentialKey{}).(boundary.Secret); ok {
			credential = other
		}
		if credential != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "api-key", credential.Reveal())
		}
		return invoke(ctx, method, req, reply, cc, opts...)
	}
}

// harmlessKey marks a call to a writing method that cannot change anything.
type harmlessKey struct{}

var writing = map[string]bool{
	"Create": true, "Update": true, "Delete": true, "UpdateAliases": true, "Upsert": true, "SetPayload": true,
	"CreateFieldIndex": true, "DeleteFieldIndex": true,
}

func traced(trace func(kind, name string)) grpc.UnaryClientInterceptor {
	return func(
		ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		if trace != nil {
			name := method[strings.LastIndex(method, "/")+1:]
			kind := "read"
			if writing[name] && ctx.Value(harmlessKey{}) == nil {
				kind = "write"
			}
			trace(kind, name)
		}
		return invoke(ctx, method, req, reply, cc, opts...)
	}
}
