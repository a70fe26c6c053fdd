package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// The operations below have no body, or one that is not read: see Operation.NamesOnly.

func decodeHealth(*Operation, *reader, params) proto.Message { return &pb.HealthCheckRequest{} }

func decodeListCollections(*Operation, *reader, params) proto.Message {
	return &pb.ListCollectionsRequest{}
}

func decodeListAliases(*Operation, *reader, params) proto.Message { return &pb.ListAliasesRequest{} }

func decodeCollectionInfo(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.GetCollectionInfoRequest{CollectionName: o.names[0]}
}

func decodeCollectionExists(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.CollectionExistsRequest{CollectionName: o.names[0]}
}

func decodeCollectionAliases(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.ListCollectionAliasesRequest{CollectionName: o.names[0]}
}

func decodeCreateCollection(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.CreateCollection{CollectionName: o.names[0]}
}

func decodeUpdateCollection(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.UpdateCollection{CollectionName: o.names[0]}
}

func decodeDeleteCollection(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.DeleteCollection{CollectionName: o.names[0]}
}

func decodeChangeAliases(*Operation, *reader, params) proto.Message { return &pb.ChangeAliases{} }

func decodeCreateIndex(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.CreateFieldIndexCollection{CollectionName: o.names[0]}
}

func decodeDeleteIndex(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.DeleteFieldIndexCollection{CollectionName: o.names[0], FieldName: o.names[1]}
}

func decodeClusterInfo(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.CollectionClusterInfoRequest{CollectionName: o.names[0]}
}

func decodeClusterSetup(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.UpdateCollectionClusterSetupRequest{CollectionName: o.names[0]}
}

func decodeListShardKeys(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.ListShardKeysRequest{CollectionName: o.names[0]}
}

func decodeCreateShardKey(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.CreateShardKeyRequest{CollectionName: o.names[0]}
}

func decodeDeleteShardKey(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.DeleteShardKeyRequest{CollectionName: o.names[0]}
}

func decodeListSnapshots(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.ListSnapshotsRequest{CollectionName: o.names[0]}
}

func decodeCreateSnapshot(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.CreateSnapshotRequest{CollectionName: o.names[0]}
}

func decodeDeleteSnapshot(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.DeleteSnapshotRequest{CollectionName: o.names[0], SnapshotName: o.names[1]}
}

func decodeListFullSnapshots(*Operation, *reader, params) proto.Message {
	return &pb.ListFullSnapshotsRequest{}
}

func decodeCreateFullSnapshot(*Operation, *reader, params) proto.Message {
	return &pb.CreateFullSnapshotRequest{}
}

func decodeDeleteFullSnapshot(o *Operation, _ *reader, _ params) proto.Message {
	return &pb.DeleteFullSnapshotRequest{SnapshotName: o.names[0]}
}
