package qdrant

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

func serviceDescriptor(t *testing.T, name protoreflect.FullName) protoreflect.ServiceDescriptor {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return d.(protoreflect.ServiceDescriptor)
}

// packageServices are all services of a package, so that a service that is new to the client library shows.
func packageServices(name protoreflect.FullName) (out []protoreflect.FullName) {
	protoregistry.GlobalFiles.RangeFilesByPackage(name, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			out = append(out, f.Services().Get(i).FullName())
		}
		return true
	})
	return out
}

func TestEveryRPCHasAPolicy(t *testing.T) {
	found := slices.Sorted(slices.Values(append(packageServices("qdrant"), packageServices("grpc.health.v1")...)))
	if want := slices.Sorted(slices.Values(services)); !slices.Equal(found, want) {
		t.Errorf("services of the client library are %v, with policies %v", found, want)
	}
	seen := map[string]bool{}
	for _, service := range found {
		all := serviceDescriptor(t, service).Methods()
		for i := range all.Len() {
			name := fmt.Sprintf("/%s/%s", service, all.Get(i).Name())
			seen[name] = true
			policy, ok := rpcs[name]
			switch {
			case !ok:
				t.Errorf("%s has no policy", name)
			case policy.treatment == refused && policy.reason == "":
				t.Errorf("%s is refused without a reason", name)
			case policy.treatment == local && policy.answer == nil:
				t.Errorf("%s has no answer", name)
			case policy.treatment != refused && (all.Get(i).IsStreamingClient() || all.Get(i).IsStreamingServer()):
				t.Errorf("%s is a stream", name)
			}
		}
	}
	for name := range rpcs {
		if !seen[name] {
			t.Errorf("the policy of %s is for no RPC", name)
		}
	}
}

// requestRoots are the request messages of everything that is not refused.
func requestRoots() (out []protoreflect.MessageDescriptor) {
	for _, name := range Methods() {
		out = append(out, methods[name].in.Descriptor())
	}
	return out
}

// replyRoots are the upstream replies of everything that is served.
func replyRoots() (out []protoreflect.MessageDescriptor) {
	for _, name := range Methods() {
		if methods[name].treatment == served {
			out = append(out, methods[name].out.Descriptor())
		}
	}
	return out
}

// visit walks every message that can be reached, descending where into says so.
func visit(roots []protoreflect.MessageDescriptor, into func(protoreflect.FieldDescriptor) bool) map[protoreflect.FullName]protoreflect.MessageDescriptor {
	seen := map[protoreflect.FullName]protoreflect.MessageDescriptor{}
	for len(roots) > 0 {
		m := roots[0]
		roots = roots[1:]
		if seen[m.FullName()] != nil {
			continue
		}
		if !m.IsMapEntry() {
			seen[m.FullName()] = m
		}
		for i := range m.Fields().Len() {
			if fd := m.Fields().Get(i); fd.Message() != nil && (m.IsMapEntry() || into(fd)) {
				roots = append(roots, fd.Message())
			}
		}
	}
	return seen
}

func declaredNames(m protoreflect.MessageDescriptor) (fields, choices map[protoreflect.Name]bool) {
	fields, choices = map[protoreflect.Name]bool{}, map[protoreflect.Name]bool{}
	for i := range m.Fields().Len() {
		fields[m.Fields().Get(i).Name()] = true
	}
	for i := range m.Oneofs().Len() {
		choices[m.Oneofs().Get(i).Name()] = true
	}
	return fields, choices
}

// requestGaps lists what the tables say nothing about, and what they say about nothing.
func requestGaps(t table, accepted enums, roots []protoreflect.MessageDescriptor) (gaps []string) {
	gap := func(format string, args ...any) { gaps = append(gaps, fmt.Sprintf(format, args...)) }
	reached := visit(roots, func(fd protoreflect.FieldDescriptor) bool {
		r := t[fd.ContainingMessage().FullName()].fields[fd.Name()]
		return r == nil || !r.leaf
	})
	usedEnums := map[protoreflect.FullName]bool{}
	for name, d := range reached {
		policy, ok := t[name]
		if !ok {
			gap("message %s has no policy", name)
			continue
		}
		fields, choices := declaredNames(d)
		for i := range d.Fields().Len() {
			fd := d.Fields().Get(i)
			r := policy.fields[fd.Name()]
			if r == nil {
				gap("field %s has no rule", fd.FullName())
				continue
			}
			if fd.Message() != nil && (r == pass || r.leaf && !strings.HasPrefix(r.name, "refused")) {
				gap("field %s is a message, its rule %q does not look into it", fd.FullName(), r.name)
			}
			if e := fd.Enum(); e != nil {
				usedEnums[e.FullName()] = true
				gaps = append(gaps, enumGaps(e, accepted)...)
			}
		}
		for field := range policy.fields {
			if !fields[field] {
				gap("the rule of %s.%s is for no field", name, field)
			}
		}
		for _, field := range policy.required {
			if fd := d.Fields().ByName(field); fd == nil || fd.Message() == nil || fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic() {
				gap("%s.%s cannot be required", name, field)
			}
		}
		for _, choice := range policy.unset {
			if !choices[choice] {
				gap("%s has no choice %s", name, choice)
			}
		}
	}
	for name := range t {
		if reached[name] == nil {
			gap("the policy of %s is for no message that can be reached", name)
		}
	}
	for name := range accepted {
		if !usedEnums[name] {
			gap("the values of %s are for no field", name)
		}
	}
	slices.Sort(gaps)
	return slices.Compact(gaps)
}

func enumGaps(e protoreflect.EnumDescriptor, accepted enums) (gaps []string) {
	numbers, ok := accepted[e.FullName()]
	if !ok {
		return []string{fmt.Sprintf("enum %s has no accepted values", e.FullName())}
	}
	for i := range e.Values().Len() {
		if v := e.Values().Get(i); !slices.Contains(numbers, v.Number()) {
			gaps = append(gaps, fmt.Sprintf("enum value %s is neither accepted nor thought about", v.FullName()))
		}
	}
	for _, n := range numbers {
		if e.Values().ByNumber(n) == nil {
			gaps = append(gaps, fmt.Sprintf("enum %s has no value %d", e.FullName(), n))
		}
	}
	return gaps
}

func TestEveryRequestFieldHasARule(t *testing.T) {
	for _, gap := range requestGaps(requestTables, acceptedEnums, requestRoots()) {
		t.Error(gap)
	}
}

// replyGaps is requestGaps for replies.
func replyGaps(t replyTable, roots []protoreflect.MessageDescriptor) (gaps []string) {
	gap := func(format string, args ...any) { gaps = append(gaps, fmt.Sprintf(format, args...)) }
	reached := visit(roots, func(fd protoreflect.FieldDescriptor) bool {
		return t[fd.ContainingMessage().FullName()].of(fd.Name()) != drop
	})
	for name, d := range reached {
		policy, ok := t[name]
		if !ok {
			gap("reply %s has no policy", name)
			continue
		}
		fields, _ := declaredNames(d)
		for i := range d.Fields().Len() {
			fd := d.Fields().Get(i)
			switch r := policy.of(fd.Name()); {
			case r == nil:
				gap("reply field %s has no rule", fd.FullName())
			case r == keep && fd.Message() != nil:
				gap("reply field %s is a message and kept as it is", fd.FullName())
			case r == inner && fd.Message() == nil:
				gap("reply field %s is no message to walk", fd.FullName())
			}
		}
		for _, field := range slices.Concat(strings.Fields(policy.keep), strings.Fields(policy.walk)) {
			if !fields[protoreflect.Name(field)] {
				gap("the rule of %s.%s is for no field", name, field)
			}
		}
		for field := range policy.special {
			if !fields[field] {
				gap("the rule of %s.%s is for no field", name, field)
			}
		}
	}
	for name := range t {
		if reached[name] == nil {
			gap("the policy of reply %s is for no message that can be reached", name)
		}
	}
	slices.Sort(gaps)
	return gaps
}

func TestEveryReplyFieldHasARule(t *testing.T) {
	for _, gap := range replyGaps(replyTables, replyRoots()) {
		t.Error(gap)
	}
}

// TestCoverageCanFail takes a row away and lets the client library grow: both must show, in the test and at run time.
func TestCoverageCanFail(t *testing.T) {
	without := maps.Clone(requestTables)
	prefetch := without["qdrant.PrefetchQuery"]
	prefetch.fields = maps.Clone(prefetch.fields)
	delete(prefetch.fields, "lookup_from")
	without["qdrant.PrefetchQuery"] = prefetch
	want := "field qdrant.PrefetchQuery.lookup_from has no rule"
	if gaps := requestGaps(without, acceptedEnums, requestRoots()); !slices.Contains(gaps, want) {
		t.Errorf("a removed rule is not among the gaps: %v", gaps)
	}
	s := newTestScope(t)
	w := &walk{scope: s, plans: compile(without, acceptedEnums), rpc: rpcs["/qdrant.Points/Query"], queried: s.collections[docs]}
	q := &pb.QueryPoints{CollectionName: docs, Prefetch: []*pb.PrefetchQuery{{LookupFrom: &pb.LookupLocation{CollectionName: own}}}}
	if f := w.message(q.ProtoReflect(), w.plans["qdrant.QueryPoints"]); f == nil || f.Reason != ReasonUnknownField {
		t.Errorf("a field without a rule gave %v, want it refused", f)
	}

	grown := grownQueryPoints(t)
	want = "field qdrant.QueryPoints.new_ids has no rule"
	if gaps := requestGaps(requestTables, acceptedEnums, append(requestRoots()[:0:0], grown)); !slices.Contains(gaps, want) {
		t.Errorf("a new field is not among the gaps: %v", gaps)
	}

	fewer := maps.Clone(replyTables)
	fewer["qdrant.ScoredPoint"] = replyFields{keep: "score"}
	if gaps := replyGaps(fewer, replyRoots()); !slices.Contains(gaps, "reply field qdrant.ScoredPoint.shard_key has no rule") {
		t.Errorf("a removed reply rule is not among the gaps: %v", gaps)
	}
	few := maps.Clone(acceptedEnums)
	few["qdrant.Fusion"] = few["qdrant.Fusion"][:1]
	if gaps := requestGaps(requestTables, few, requestRoots()); !slices.Contains(gaps, "enum value qdrant.DBSF is neither accepted nor thought about") {
		t.Errorf("a new enum value is not among the gaps: %v", gaps)
	}
}

// grownQueryPoints is QueryPoints of a later release, with a field more.
func grownQueryPoints(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	file := protodesc.ToFileDescriptorProto(pb.File_points_proto)
	for _, m := range file.GetMessageType() {
		if m.GetName() == "QueryPoints" {
			m.Field = append(m.Field, &descriptorpb.FieldDescriptorProto{
				Name: proto.String("new_ids"), Number: proto.Int32(99), TypeName: proto.String(".qdrant.PointId"),
				Type:  descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(),
				Label: descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum(),
			})
		}
	}
	made, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return made.Messages().ByName("QueryPoints")
}
