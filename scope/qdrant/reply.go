package qdrant

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// replyRule is what the engine does with one field of a reply.
type replyRule struct {
	name, says string
	do         func(r *reader, m protoreflect.Message, s *replyStep) *fault
	wire       wireRule // the same on an encoded field; nil: the reply is decoded
}

// The rules of reply fields. A field without a rule is dropped, and so is every unknown field.
var (
	keep  = &replyRule{name: "keep", says: "passed on", wire: wireKeep}
	inner = &replyRule{name: "walk", says: "its own fields have rules", do: (*reader).inner, wire: wireInner}
	drop  = &replyRule{name: "drop", says: "cleared: it tells of the node or of other tenants", do: clearField, wire: wireDrop}

	counter = &replyRule{
		name: "counter", says: "Shared, Reference: cleared, because it counts what others do", do: (*reader).counter, wire: wireCounter,
	}
	openID = &replyRule{name: "id", says: "Shared: the client's id again", do: (*reader).openID, wire: wireOpenID}
	joined = &replyRule{
		name: "joined point", says: "walked; it is of the lookup's collection, so ids and payload stay", do: (*reader).joined, wire: wireJoined,
	}
	strip  = &replyRule{name: "payload", says: "Shared: tenant_id and corpus_id taken out", do: (*reader).payload, wire: wirePayload}
	noText = &replyRule{name: "text", says: "replaced: it may hold paths and names", do: replaceText}
)

// replyStep is one field of a reply, joined with its rule.
type replyStep struct {
	fd          protoreflect.FieldDescriptor
	rule        *replyRule
	sub         *replyPlan
	list, keyed bool
	wire        wireForm
}

type replyPlan struct {
	steps    []replyStep
	byNumber []*replyStep
}

// reader is one reply on its way through the tables.
type reader struct {
	queried *collection
	foreign bool // inside of a joined point
	spare   scratch
}

func (r *reader) mapped() bool { return r.queried.shared() && !r.foreign }

// clean applies the tables to the upstream's reply.
func (c *Call) clean(reply proto.Message) *fault {
	m := reply.ProtoReflect()
	r := &reader{queried: c.queried}
	return r.message(m, replyPlans[m.Descriptor().FullName()])
}

func (r *reader) message(m protoreflect.Message, p *replyPlan) *fault {
	if !m.IsValid() {
		return nil
	}
	if len(m.GetUnknown()) > 0 {
		m.SetUnknown(nil)
	}
	for i := range p.steps {
		s := &p.steps[i]
		if s.rule.do == nil || !m.Has(s.fd) {
			continue
		}
		if f := s.rule.do(r, m, s); f != nil {
			return f
		}
	}
	return nil
}

func (r *reader) inner(m protoreflect.Message, s *replyStep) (out *fault) {
	switch {
	case s.list:
		list := m.Get(s.fd).List()
		for i := range list.Len() {
			if f := r.message(list.Get(i).Message(), s.sub); f != nil {
				return f
			}
		}
	case s.keyed:
		m.Get(s.fd).Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
			out = r.message(v.Message(), s.sub)
			return out == nil
		})
	default:
		return r.message(m.Get(s.fd).Message(), s.sub)
	}
	return out
}

func (r *reader) joined(m protoreflect.Message, s *replyStep) *fault {
	r.foreign = true
	f := r.inner(m, s)
	r.foreign = false
	return f
}

func (r *reader) counter(m protoreflect.Message, s *replyStep) *fault {
	if r.queried.Pattern != Dedicated {
		m.Clear(s.fd)
		return nil
	}
	if s.sub != nil {
		return r.inner(m, s)
	}
	return nil
}

func clearField(_ *reader, m protoreflect.Message, s *replyStep) *fault {
	m.Clear(s.fd)
	return nil
}

func replaceText(_ *reader, m protoreflect.Message, s *replyStep) *fault {
	m.Set(s.fd, protoreflect.ValueOfString("hidden here: ask the platform"))
	return nil
}

// openID turns stored ids into the client's. What cannot have been stored through this engine ends the reply: a gap in the
// boundary must show.
func (r *reader) openID(m protoreflect.Message, s *replyStep) *fault {
	if !s.list {
		return r.open(m.Get(s.fd).Message().Interface())
	}
	list := m.Get(s.fd).List()
	for i := range list.Len() {
		if f := r.open(list.Get(i).Message().Interface()); f != nil {
			return f
		}
	}
	return nil
}

func (r *reader) open(m proto.Message) *fault {
	id, ok := m.(*pb.PointId)
	if !ok || id == nil {
		return notOurs()
	}
	dropUnknown(id)
	if r.mapped() && !r.queried.ids.open(id, &r.spare) {
		return notOurs()
	}
	return nil
}

func notOurs() *fault {
	return refusef(codes.Internal, ReasonWrongMessage, "the server's reply does not fit this collection: it is withheld")
}

func (r *reader) payload(m protoreflect.Message, _ *replyStep) *fault {
	payload := m.Interface().(payloadHolder).GetPayload()
	if r.mapped() {
		delete(payload, TenantField)
		delete(payload, CorpusField)
	}
	for _, v := range payload {
		cleanValue(v)
	}
	return nil
}

// cleanValue drops unknown fields, as the tables do; payloads are most of a reply, so they are not walked by descriptor.
func cleanValue(v *pb.Value) {
	if v == nil {
		return
	}
	dropUnknown(v)
	switch k := v.GetKind().(type) {
	case *pb.Value_StructValue:
		dropUnknown(k.StructValue)
		for _, inner := range k.StructValue.GetFields() {
			cleanValue(inner)
		}
	case *pb.Value_ListValue:
		dropUnknown(k.ListValue)
		for _, inner := range k.ListValue.GetValues() {
			cleanValue(inner)
		}
	}
}

func dropUnknown(m proto.Message) {
	if r := m.ProtoReflect(); r.IsValid() && len(r.GetUnknown()) > 0 {
		r.SetUnknown(nil)
	}
}

func compileReplies(t replyTable) map[protoreflect.FullName]*replyPlan {
	out := map[protoreflect.FullName]*replyPlan{}
	for name := range t {
		out[name] = &replyPlan{}
	}
	for name, policy := range t {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
		if err != nil {
			panic("a policy for a reply that does not exist: " + name)
		}
		all := d.(protoreflect.MessageDescriptor).Fields()
		for i := range all.Len() {
			out[name].steps = append(out[name].steps, replyStepOf(all.Get(i), policy, out))
		}
		out[name].index()
	}
	return out
}

func replyStepOf(fd protoreflect.FieldDescriptor, policy replyFields, all map[protoreflect.FullName]*replyPlan) replyStep {
	s := replyStep{fd: fd, rule: policy.of(fd.Name()), list: fd.IsList(), keyed: fd.IsMap()}
	value := fd
	if fd.IsMap() {
		value = fd.MapValue()
	}
	if value.Message() != nil {
		s.sub = all[value.Message().FullName()]
	}
	if s.rule == nil || value.Message() != nil && s.sub == nil {
		s.rule = drop
	}
	if s.rule == keep && s.sub != nil {
		panic("a message in a reply is kept whole, whatever it holds: " + fd.FullName())
	}
	s.wire = wireFormOf(&s)
	return s
}
