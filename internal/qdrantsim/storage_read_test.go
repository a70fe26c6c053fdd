package qdrantsim_test

import (
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// fileRequest names a collection, as every request to the service does.
func fileRequest(collection string) *emptypb.Empty {
	m := &emptypb.Empty{}
	m.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), collection))
	return m
}

// Whoever may read a collection's points may read its raw files: that is why
// nobody but the gateway may hold a token for it.
func TestStorageRead(t *testing.T) {
	s, _ := owned(t)
	grant := func(mode string) string {
		return mint(t, map[string]any{"access": []any{map[string]any{"collection": "c", "access": mode}}})
	}
	for name, tc := range map[string]struct {
		credential, collection string
		want                   codes.Code
	}{
		"r":                  {grant("r"), "c", codes.OK},
		"rw":                 {grant("rw"), "c", codes.OK},
		"prw":                {grant("prw"), "c", codes.OK},
		"key":                {apiKey, "c", codes.OK},
		"another collection": {grant("prw"), "d", codes.PermissionDenied},
		"no such collection": {apiKey, "d", codes.NotFound},
		"wrong key":          {"wrong", "c", codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			s.ResetCalls()
			conn := connect(t, s, tc.credential).GetConnection()
			for _, method := range []string{"ListFiles", "FileExists", "FileLength", "ReadBytes", "ReadWhole", "ReadBatch"} {
				reply := &emptypb.Empty{}
				err := conn.Invoke(t.Context(), "/qdrant.StorageRead/"+method, fileRequest(tc.collection), reply)
				wantCode(t, err, tc.want, "")
				same(t, len(reply.ProtoReflect().GetUnknown()) > 0, tc.want == codes.OK)
			}
			wantCode(t, streamFile(t, conn, tc.credential, tc.collection), tc.want, "")
			same(t, len(s.Calls()), 7)
			for _, call := range s.Calls() {
				var want []string
				if tc.want == codes.OK {
					want = []string{"c/1", "c/2", "c/3"}
				}
				same(t, call.Touched, want)
			}
		})
	}
}

func streamFile(t *testing.T, conn *grpc.ClientConn, credential, collection string) error {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "api-key", credential) // the client adds it to unary calls only
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/qdrant.StorageRead/ReadBytesStream")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(fileRequest(collection)); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	return stream.RecvMsg(&qdrant.HealthCheckReply{})
}
