package qdrant

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// step is one field of a plan.
type step struct {
	fd       protoreflect.FieldDescriptor
	name     string
	rule     *rule
	required bool
	list     bool
	keyed    bool                      // a map
	sub      *plan                     // of a message's fields; nil otherwise
	enum     []protoreflect.EnumNumber // accepted numbers; nil: not an enum
}

// choice is one oneof of a plan.
type choice struct {
	od      protoreflect.OneofDescriptor
	unset   bool // may be
	members []step
}

func (c *choice) member(n protoreflect.FieldNumber) *step {
	for i := range c.members {
		if c.members[i].fd.Number() == n {
			return &c.members[i]
		}
	}
	return nil
}

// plan is the policy of one message type, joined with its descriptor.
type plan struct {
	message
	name    protoreflect.FullName
	steps   []step
	choices []choice
}

type plans map[protoreflect.FullName]*plan

// compile joins policies with descriptors. What a table does not mention gets the rule undeclared, which refuses.
func compile(t table, accepted enums) plans {
	out := plans{}
	for name, m := range t {
		out[name] = &plan{message: m, name: name}
	}
	for name, p := range out {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
		if err != nil {
			panic("a policy for a message that does not exist: " + name)
		}
		p.compile(d.(protoreflect.MessageDescriptor), out, accepted)
	}
	return out
}

func (p *plan) compile(d protoreflect.MessageDescriptor, all plans, accepted enums) {
	for i := range d.Fields().Len() {
		if fd := d.Fields().Get(i); fd.ContainingOneof() == nil || fd.ContainingOneof().IsSynthetic() {
			p.steps = append(p.steps, p.step(fd, all, accepted))
		}
	}
	for i := range d.Oneofs().Len() {
		od := d.Oneofs().Get(i)
		if od.IsSynthetic() {
			continue
		}
		c := choice{od: od, unset: slices.Contains(p.unset, od.Name())}
		for j := range od.Fields().Len() {
			c.members = append(c.members, p.step(od.Fields().Get(j), all, accepted))
		}
		p.choices = append(p.choices, c)
	}
}

func (p *plan) step(fd protoreflect.FieldDescriptor, all plans, accepted enums) step {
	s := step{
		fd: fd, name: string(fd.Name()), rule: p.fields[fd.Name()], list: fd.IsList(), keyed: fd.IsMap(),
		required: slices.Contains(p.required, fd.Name()),
	}
	value := fd
	if fd.IsMap() {
		value = fd.MapValue()
	}
	declared := true
	if value.Message() != nil {
		s.sub, declared = all[value.Message().FullName()]
	} else if value.Enum() != nil {
		s.enum, declared = accepted[value.Enum().FullName()]
	}
	if s.rule == nil || !declared && !s.rule.leaf {
		s.rule = undeclared
	}
	return s
}
