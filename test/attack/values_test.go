package attack_test

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

type putter = func(protoreflect.Message, protoreflect.FieldDescriptor)

// values are the hostile values for the field of a line.
func (l line) values(v view) []putter {
	switch l.kind {
	case "PointId":
		return each(v.all())
	case "Filter":
		return each(filters(v))
	case "PointsSelector":
		return each(selectors(v))
	case "Expression":
		return each(expressions(v))
	case "PrefetchQuery":
		return each(prefetches(v))
	case "LookupLocation":
		return lookups(v)
	case "WithLookup":
		return joins(v)
	case "Document", "Image", "InferenceObject":
		return each([]proto.Message{model(l.kind)})
	case "ShardKeySelector":
		key := []*pb.ShardKey{pb.NewShardKeyKeyword(victim)}
		return each([]*pb.ShardKeySelector{{ShardKeys: key}, {}, {ShardKeys: key, Fallback: pb.NewShardKeyKeyword("default")}})
	case "ShardKey":
		return each([]*pb.ShardKey{pb.NewShardKeyKeyword(victim)})
	case "WithPayloadSelector":
		return each([]*pb.WithPayloadSelector{
			pb.NewWithPayload(true), pb.NewWithPayloadInclude("tenant_id", `"corpus_id"`), pb.NewWithPayloadExclude("color"),
		})
	case "WithVectorsSelector":
		return each([]*pb.WithVectorsSelector{pb.NewWithVectors(true), pb.NewWithVectorsInclude("text", "")})
	case "map:Value":
		return payloads()
	case "str":
		return l.strings(v)
	}
	return nil
}

// each sets a field to each of some messages; to a list, it appends.
func each[M proto.Message](values []M) []putter {
	var out []putter
	for _, value := range values {
		out = append(out, func(m protoreflect.Message, f protoreflect.FieldDescriptor) {
			fresh := protoreflect.ValueOfMessage(proto.Clone(value).ProtoReflect())
			if f.IsList() {
				list := m.NewField(f).List()
				list.Append(fresh)
				m.Set(f, protoreflect.ValueOfList(list))
				return
			}
			m.Set(f, fresh)
		})
	}
	return out
}

func prefetches(v view) []*pb.PrefetchQuery {
	var out []*pb.PrefetchQuery
	for i, f := range filters(v) {
		out = append(out, &pb.PrefetchQuery{Query: pb.NewQueryID(v.id(i)), Filter: f})
	}
	return append(out, &pb.PrefetchQuery{Prefetch: []*pb.PrefetchQuery{{}}, Query: pb.NewQueryNearest(near())}, &pb.PrefetchQuery{})
}

// lookups look ids up elsewhere: they ask by id, so that there is something to look up.
func lookups(v view) []putter {
	var out []putter
	for i, name := range v.elsewhere {
		out = append(out, func(m protoreflect.Message, f protoreflect.FieldDescriptor) {
			m.Set(f, protoreflect.ValueOfMessage((&pb.LookupLocation{CollectionName: name}).ProtoReflect()))
			switch q := m.Interface().(type) {
			case *pb.QueryPoints:
				q.Query = pb.NewQueryID(v.id(i))
			case *pb.QueryPointGroups:
				q.Query = pb.NewQueryID(v.id(i))
			case *pb.PrefetchQuery:
				q.Query = pb.NewQueryID(v.id(i))
			case *pb.RecommendPoints:
				q.Positive = v.all()
			case *pb.RecommendPointGroups:
				q.Positive = v.all()
			case *pb.DiscoverPoints:
				q.Target = &pb.TargetVector{Target: &pb.TargetVector_Single{Single: &pb.VectorExample{Example: &pb.VectorExample_Id{Id: v.id(i)}}}}
			}
		})
	}
	return out
}

// joins fetch points by ids that stand in the attacker's own payload (F2).
func joins(v view) []putter {
	var out []putter
	for _, name := range v.elsewhere {
		w := &pb.WithLookup{Collection: name, WithPayload: pb.NewWithPayload(true), WithVectors: pb.NewWithVectors(true)}
		out = append(out, each([]*pb.WithLookup{w})...)
	}
	return out
}

// payloads put every value under the owner's keys, and two under other spellings of them.
func payloads() []putter {
	var out []putter
	for i, key := range tenantKeys {
		values := payloadValues()
		if i > 1 {
			values = values[:2]
		}
		for _, value := range values {
			out = append(out, func(m protoreflect.Message, f protoreflect.FieldDescriptor) {
				m.Mutable(f).Map().Set(protoreflect.ValueOfString(key).MapKey(), protoreflect.ValueOfMessage(proto.CloneOf(value).ProtoReflect()))
			})
		}
	}
	return out
}

// strings of names and paths.
func (l line) strings(v view) []putter {
	names := tenantKeys
	switch last := l.path[lastDot(l.path)+1:]; last {
	case "collection_name", "collection", "alias_name", "old_alias_name", "new_alias_name":
		names = append([]string{v.collection}, collectionNames...)
	case "using", "vector_name":
		names = []string{"text", "", "plain", "nothing", "te\u200bxt"}
	case "snapshot_name":
		names = []string{"full.snapshot", "../" + sharedName}
	}
	var out []putter
	for _, s := range names {
		out = append(out, func(m protoreflect.Message, f protoreflect.FieldDescriptor) {
			if f.IsList() {
				list := m.NewField(f).List()
				list.Append(protoreflect.ValueOfString(s))
				m.Set(f, protoreflect.ValueOfList(list))
				return
			}
			m.Set(f, protoreflect.ValueOfString(s))
		})
	}
	return out
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}

// collectionNames are ways to name what is not the attacker's.
var collectionNames = []string{
	sharedName, vaultPhysical, ownPhysical, codesPhysical, lawsPhysical, "tenantry_claims", "tenantry_tokens", vault, mail, usCodes, "nothing",
	"", " docs", "docs ", "Docs", "docs\x00", "docs/", "./docs", "../" + sharedName, docs + "/points", "docs%2f", "d\u043ecs", "docs\u200b", "*",
	"tenant_mallory_own", "tenant_" + victim + "_" + docs, "tenant_" + victim, "reference_eu_laws",
}
