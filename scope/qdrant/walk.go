package qdrant

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// walk is one request on its way through the tables.
type walk struct {
	scope   *Scope
	plans   plans
	rpc     *rpc
	queried *collection // the collection of the request
	ids     *collection // where ids that stand for vectors are looked up at this level
	access  []Access
	element int // depth inside of nested conditions, where keys are relative to an element
	depth   [nestings]int
	used    [budgets]int
	spare   scratch
	foreign map[string]*namespace // ids mapped in another namespace than the queried one; see Call.Error
}

// message applies the plan of m to it and to everything below it.
func (w *walk) message(m protoreflect.Message, p *plan) *fault {
	if !m.IsValid() {
		return refusef(invalid, ReasonIncomplete, "an item is missing (nil)")
	}
	if f := w.enter(m, p); f != nil {
		return f
	}
	looked := w.ids
	if p.level {
		if f := w.enterLevel(m.Interface()); f != nil {
			return f
		}
	}
	if f := w.fields(m, p); f != nil {
		return f
	}
	if p.after != nil {
		if f := p.after(w, m.Interface()); f != nil {
			return f
		}
	}
	w.ids = looked
	w.depth[p.nesting]--
	return nil
}

// enter checks what can be checked before a message's fields are looked at.
func (w *walk) enter(m protoreflect.Message, p *plan) *fault {
	w.depth[p.nesting]++
	if limit := w.scope.depths[p.nesting]; p.nesting != flat && w.depth[p.nesting] > limit {
		return refusef(invalid, ReasonLimit, "%s are nested more than %d deep: make the request flatter", nestingNames[p.nesting], limit)
	}
	if p.budget != free {
		if f := w.use(p.budget, 1); f != nil {
			return f
		}
	}
	if len(m.GetUnknown()) == 0 {
		return nil
	}
	if p.unknown != nil {
		return p.unknown(w, m)
	}
	return refusef(invalid, ReasonUnknownField, "%s has a field that is not supported here: leave it out", p.name.Name())
}

func (w *walk) use(b budget, n int) *fault {
	w.used[b] += n
	if limit := w.scope.amounts[b]; w.used[b] > limit {
		return refusef(invalid, ReasonLimit, "more than %d %s in one request: send several", limit, budgetNames[b])
	}
	return nil
}

func (w *walk) fields(m protoreflect.Message, p *plan) *fault {
	for i := range p.steps {
		s := &p.steps[i]
		if !m.Has(s.fd) {
			if s.required {
				return refusef(invalid, ReasonIncomplete, "%s of %s is missing", s.name, p.name.Name())
			}
			if !s.rule.always {
				continue
			}
		}
		if f := s.rule.do(w, m, s); f != nil {
			return f.at(s.name)
		}
	}
	for i := range p.choices {
		if f := w.choice(m, p, &p.choices[i]); f != nil {
			return f
		}
	}
	return nil
}

func (w *walk) choice(m protoreflect.Message, p *plan, c *choice) *fault {
	fd := m.WhichOneof(c.od)
	if fd == nil {
		if c.unset {
			return nil
		}
		return refusef(invalid, ReasonIncomplete, "%s is empty: set one of %s", p.name.Name(), c.names())
	}
	s := c.member(fd.Number())
	if s == nil {
		return refusef(invalid, ReasonUnknownField, "%s is not supported here", fd.Name())
	}
	if f := s.rule.do(w, m, s); f != nil {
		return f.at(s.name)
	}
	return nil
}

func (c *choice) names() string {
	out := make([]string, len(c.members))
	for i := range c.members {
		out[i] = c.members[i].name
	}
	return strings.Join(out, ", ")
}

// descend applies the plan of a field's messages.
func (w *walk) descend(m protoreflect.Message, s *step) *fault {
	switch {
	case s.list:
		list := m.Get(s.fd).List()
		for i := range list.Len() {
			if f := w.message(list.Get(i).Message(), s.sub); f != nil {
				return f.atIndex(i)
			}
		}
		return nil
	case s.keyed:
		return w.values(m.Get(s.fd).Map(), s)
	}
	return w.message(m.Get(s.fd).Message(), s.sub)
}

// values applies the plan of a map's messages.
func (w *walk) values(values protoreflect.Map, s *step) *fault {
	var out *fault
	values.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		if out = w.message(v.Message(), s.sub); out != nil {
			out = out.at(quoted(k.String()))
		}
		return out == nil
	})
	return out
}

// scalar lets a value pass, enums only with a number that is known.
func (w *walk) scalar(m protoreflect.Message, s *step) *fault {
	if s.enum == nil {
		return nil
	}
	if n := m.Get(s.fd).Enum(); !slices.Contains(s.enum, n) {
		return refusef(invalid, ReasonUnknownValue, "%d is no known value of %s", n, s.fd.Enum().Name())
	}
	return nil
}
