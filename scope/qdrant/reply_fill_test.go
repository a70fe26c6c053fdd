package qdrant

import (
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestRepliesAreCleanedEverywhere fills the replies of all RPCs and looks for what must be gone, at any depth.
func TestRepliesAreCleanedEverywhere(t *testing.T) {
	s := newTestScope(t)
	for _, name := range Methods() {
		if methods[name].treatment != served {
			continue
		}
		reply := methods[name].out.New()
		fillReply(reply, stored(t, s, pb.NewIDNum(1)), 0)
		c := &Call{Method: name, scope: s, queried: s.collections[docs]}
		out, f := c.response(reply.Interface())
		if f != nil {
			t.Errorf("%s: %v", name, f.refusal())
			continue
		}
		eachMessage(out.ProtoReflect(), func(m protoreflect.Message) {
			if len(m.GetUnknown()) > 0 {
				t.Errorf("%s: unknown fields are left in %s", name, m.Descriptor().FullName())
			}
			switch v := m.Interface().(type) {
			case *pb.ShardKey, *pb.HardwareUsage, *pb.CollectionWarning:
				t.Errorf("%s: a %T is left", name, v)
			case *pb.ScoredPoint:
				if v.GetVersion() != 0 || v.GetPayload()[TenantField] != nil {
					t.Errorf("%s: left %v", name, v)
				}
			case *pb.UpdateResult:
				if v.OperationId != nil {
					t.Errorf("%s: left %v", name, v)
				}
			case *pb.PointId:
				if v.GetUuid() != "" && !isUnder(out, v) {
					t.Errorf("%s: id %v is not the client's", name, v)
				}
			}
		})
	}
}

// isUnder tells whether an id is that of a joined point, which stays as it is.
func isUnder(root proto.Message, id *pb.PointId) (found bool) {
	eachMessage(root.ProtoReflect(), func(m protoreflect.Message) {
		if g, ok := m.Interface().(*pb.PointGroup); ok && g.GetLookup().GetId() == id {
			found = true
		}
	})
	return found
}

// fillReply sets every field, and an unknown one in every message.
func fillReply(m protoreflect.Message, id *pb.PointId, depth int) {
	if m.Descriptor().FullName() == "qdrant.PointId" {
		proto.Merge(m.Interface(), id)
		return
	}
	withUnknown(m.Interface())
	if depth > 8 {
		return
	}
	for i := range m.Descriptor().Fields().Len() {
		fd := m.Descriptor().Fields().Get(i)
		switch {
		case fd.IsMap():
			v := m.Mutable(fd).Map()
			inner := v.NewValue()
			if fd.MapValue().Message() != nil {
				fillReply(inner.Message(), id, depth+1)
			}
			for _, key := range []string{TenantField, "a"} {
				v.Set(valueOf(key).MapKey(), inner)
			}
		case fd.IsList() && fd.Message() != nil:
			fillReply(m.Mutable(fd).List().AppendMutable().Message(), id, depth+1)
		case fd.IsList():
		case fd.Message() != nil:
			fillReply(m.Mutable(fd).Message(), id, depth+1)
		case fd.Kind() == protoreflect.StringKind:
			m.Set(fd, valueOf("text"))
		case fd.Kind() == protoreflect.Uint64Kind:
			m.Set(fd, protoreflect.ValueOfUint64(77))
		}
	}
}
