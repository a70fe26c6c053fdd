package qdrant

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// wireForm is how a field is encoded.
type wireForm struct {
	tag     []byte
	typ     protowire.Type
	once    uint64         // bit of what there is one of: the field, or its oneof; 0 for lists and maps
	text    bool           // UTF-8
	packed  bool           // numbers without tags,
	element protowire.Type // of this type each
	body    *replyPlan     // of a message's fields, or of a map's entry
}

// numbered finds the step of a field; nil if there is none.
func (p *replyPlan) numbered(n protowire.Number) *replyStep {
	if int(n) >= len(p.byNumber) {
		return nil
	}
	return p.byNumber[n]
}

// index lets steps be found by number, once all are there.
func (p *replyPlan) index() {
	for i := range p.steps {
		s := &p.steps[i]
		n := int(s.fd.Number())
		for len(p.byNumber) <= n {
			p.byNumber = append(p.byNumber, nil)
		}
		p.byNumber[n] = s
		s.wire.once = p.bit(i)
	}
}

// bit is shared by the members of a oneof: it is that of the first.
func (p *replyPlan) bit(i int) uint64 {
	fd := p.steps[i].fd
	if fd.Cardinality() == protoreflect.Repeated {
		return 0
	}
	for j := range i {
		if od := fd.ContainingOneof(); od != nil && p.steps[j].fd.ContainingOneof() == od {
			return p.steps[j].wire.once
		}
	}
	if i >= 64 {
		panic("too many fields in a reply: " + fd.FullName())
	}
	return 1 << i
}

func wireFormOf(s *replyStep) wireForm {
	fd := s.fd
	f := wireForm{typ: wireTypes[fd.Kind()], text: fd.Kind() == protoreflect.StringKind, body: s.sub}
	if fd.IsPacked() {
		f.packed, f.element, f.typ = true, f.typ, protowire.BytesType
	}
	if fd.IsMap() {
		f.body = entryPlan(s)
	}
	f.tag = protowire.AppendTag(nil, fd.Number(), f.typ)
	return f
}

// entryPlan is that of a map's entry: its key is kept, its value walked if it is a message.
func entryPlan(s *replyStep) *replyPlan {
	key := replyStep{fd: s.fd.MapKey(), rule: keep}
	value := replyStep{fd: s.fd.MapValue(), rule: keep, sub: s.sub}
	if s.sub != nil {
		value.rule = inner
	}
	p := &replyPlan{steps: []replyStep{key, value}}
	for i := range p.steps {
		p.steps[i].wire = wireFormOf(&p.steps[i])
	}
	p.index()
	return p
}

var wireTypes = map[protoreflect.Kind]protowire.Type{
	protoreflect.BoolKind: protowire.VarintType, protoreflect.EnumKind: protowire.VarintType,
	protoreflect.Int32Kind: protowire.VarintType, protoreflect.Uint32Kind: protowire.VarintType, protoreflect.Sint32Kind: protowire.VarintType,
	protoreflect.Int64Kind: protowire.VarintType, protoreflect.Uint64Kind: protowire.VarintType, protoreflect.Sint64Kind: protowire.VarintType,
	protoreflect.Fixed32Kind: protowire.Fixed32Type, protoreflect.Sfixed32Kind: protowire.Fixed32Type, protoreflect.FloatKind: protowire.Fixed32Type,
	protoreflect.Fixed64Kind: protowire.Fixed64Type, protoreflect.Sfixed64Kind: protowire.Fixed64Type, protoreflect.DoubleKind: protowire.Fixed64Type,
	protoreflect.StringKind: protowire.BytesType, protoreflect.BytesKind: protowire.BytesType, protoreflect.MessageKind: protowire.BytesType,
	protoreflect.GroupKind: protowire.StartGroupType,
}
