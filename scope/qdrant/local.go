package qdrant

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"
)

// localName leaves a collection's name alone: the engine answers itself.
var localName = &rule{name: "local", says: "answered by the engine, never sent on", leaf: true, do: (*walk).scalar}

func listCollections(s *Scope, _ proto.Message) (proto.Message, *fault) {
	out := &pb.ListCollectionsResponse{Collections: make([]*pb.CollectionDescription, 0, len(s.names))}
	for _, name := range s.names {
		out.Collections = append(out.Collections, &pb.CollectionDescription{Name: name})
	}
	return out, nil
}

func collectionExists(s *Scope, m proto.Message) (proto.Message, *fault) {
	_, exists := s.collections[m.(*pb.CollectionExistsRequest).GetCollectionName()]
	return &pb.CollectionExistsResponse{Result: &pb.CollectionExists{Exists: exists}}, nil
}

func noAlias(*Scope, proto.Message) (proto.Message, *fault) { return &pb.ListAliasesResponse{}, nil }

func noAliasOf(s *Scope, m proto.Message) (proto.Message, *fault) {
	if _, f := s.collection(m.(*pb.ListCollectionAliasesRequest).GetCollectionName()); f != nil {
		return nil, f
	}
	return &pb.ListAliasesResponse{}, nil
}

// serverVersion answers what clients check for compatibility. The commit is nobody's business.
func serverVersion(s *Scope, _ proto.Message) (proto.Message, *fault) {
	return &pb.HealthCheckReply{Title: "qdrant - vector search engine", Version: s.version}, nil
}

func serving(_ *Scope, m proto.Message) (proto.Message, *fault) {
	switch m.(*healthpb.HealthCheckRequest).GetService() {
	case "", "qdrant.Qdrant", "qdrant.Points", "qdrant.Collections":
		return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, nil
	}
	return nil, refusef(codes.NotFound, ReasonInvalidArgument, "unknown service")
}
