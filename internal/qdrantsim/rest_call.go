package qdrantsim

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantrest"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// unreadBodies are operations that the codec knows by name only and that mean
// nothing without their body.
var unreadBodies = map[string]bool{
	"/qdrant.Collections/Create": true, "/qdrant.Collections/Update": true, "/qdrant.Collections/UpdateAliases": true,
	"/qdrant.Collections/UpdateCollectionClusterSetup": true, "/qdrant.Collections/CreateShardKey": true,
	"/qdrant.Collections/DeleteShardKey": true, "/qdrant.Points/CreateFieldIndex": true,
}

func decodeREST(w http.ResponseWriter, req *http.Request, op *qdrantrest.Operation) (proto.Message, error) {
	if encoding := req.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, &qdrantrest.Error{Status: http.StatusUnsupportedMediaType, Message: "qdrantsim reads no compressed bodies"}
	}
	if unreadBodies[op.Method] {
		return nil, unsupported("the REST form of " + op.Method)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxMessageBytes))
	if err != nil {
		return nil, &qdrantrest.Error{Status: http.StatusRequestEntityTooLarge, Message: err.Error()}
	}
	return op.Decode(req.URL.Query(), body)
}

// services are what REST can reach, with the implementations of this server.
func (s *Server) services() map[string]serviceOf {
	return map[string]serviceOf{
		"qdrant.Qdrant":      {qdrant.Qdrant_ServiceDesc.Methods, rootService{s: s}},
		"qdrant.Collections": {qdrant.Collections_ServiceDesc.Methods, collectionsService{s: s}},
		"qdrant.Points":      {qdrant.Points_ServiceDesc.Methods, pointsService{s: s}},
		"qdrant.Snapshots":   {qdrant.Snapshots_ServiceDesc.Methods, snapshotsService{s: s}},
	}
}

type serviceOf struct {
	methods []grpc.MethodDesc
	impl    any
}

// call runs one RPC in this process, through the interceptor that every RPC of
// the gRPC listener passes.
func (r *restServer) call(ctx context.Context, method string, msg proto.Message) (proto.Message, error) {
	service, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	of := r.s.services()[service]
	for _, m := range of.methods {
		if m.MethodName != name {
			continue
		}
		reply, err := m.Handler(of.impl, ctx, func(into any) error { return copyInto(into, msg) }, r.s.intercept)
		if err != nil {
			return nil, err
		}
		return reply.(proto.Message), nil
	}
	return nil, unsupported(method)
}

// copyInto does for a message what the wire does.
func copyInto(into any, msg proto.Message) error {
	m, ok := into.(proto.Message)
	if !ok {
		return fmt.Errorf("qdrantsim: %T is no message", into)
	}
	raw, err := proto.Marshal(msg)
	if err != nil {
		return err
	}
	return proto.Unmarshal(raw, m)
}
