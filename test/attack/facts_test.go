package attack_test

import (
	"fmt"
	"maps"
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/test/attack/world"
)

const sharedName = world.SharedName

// writesPoints are the methods that change points.
var writesPoints = methodSet("Points", "Upsert", "Delete", "UpdateVectors", "DeleteVectors", "SetPayload", "OverwritePayload",
	"DeletePayload", "ClearPayload", "UpdateBatch")

// writesCollections are those that change more than points. None may reach the server.
var writesCollections = func() map[string]bool {
	out := methodSet("Collections", "Create", "Update", "Delete", "UpdateAliases", "UpdateCollectionClusterSetup", "CreateShardKey", "DeleteShardKey")
	maps.Copy(out, methodSet("Points", "CreateFieldIndex", "DeleteFieldIndex", "CreateVectorName", "DeleteVectorName"))
	maps.Copy(out, methodSet("Snapshots", "Create", "Delete", "CreateFull", "DeleteFull"))
	return out
}()

func methodSet(service string, names ...string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out["/qdrant."+service+"/"+n] = true
	}
	return out
}

// beyondPoints says that success alone is a crossing: the request is about whole collections or the node.
func beyondPoints(x attempt) bool {
	for _, prefix := range []string{"/qdrant.Snapshots/", "/qdrant.StorageRead/", "/qdrant.Collections/"} {
		if strings.HasPrefix(x.method, prefix) {
			return true
		}
	}
	return writesCollections[x.method]
}

// mayTouch says whether a point is in a collection that the attacker may reach at all.
func mayTouch(place string) bool {
	return strings.HasPrefix(place, sharedName+"/") || ofMallorysOwn(place)
}

// badStamp says what is wrong with the owner of a point in the shared collection, "" if it is somebody.
func badStamp(payload map[string]*pb.Value) string {
	tenant, isText := payload[vector.TenantField].GetKind().(*pb.Value_StringValue)
	corpus, isToo := payload[vector.CorpusField].GetKind().(*pb.Value_StringValue)
	if !isText || !isToo {
		return fmt.Sprint(payload)
	}
	for _, name := range []string{docs, notes, mail} {
		if corpus.StringValue == world.UID(tenant.StringValue+"/"+name) {
			return ""
		}
	}
	return fmt.Sprint(payload)
}

// replyType is an empty reply of a method that the client library knows.
func replyType(method string) (proto.Message, bool) {
	d, ok := methodDescriptor(method)
	if !ok {
		return nil, false
	}
	return newMessage(d.Output())
}

func methodDescriptor(method string) (protoreflect.MethodDescriptor, bool) {
	service, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return nil, false
	}
	s, ok := d.(protoreflect.ServiceDescriptor)
	if !ok || s.Methods().ByName(protoreflect.Name(name)) == nil {
		return nil, false
	}
	return s.Methods().ByName(protoreflect.Name(name)), true
}

func newMessage(d protoreflect.MessageDescriptor) (proto.Message, bool) {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return nil, false
	}
	return t.New().Interface(), true
}

func grpcCode(err error) string { return status.Code(err).String() }

func grpcText(err error) string { return status.Convert(err).Message() }
