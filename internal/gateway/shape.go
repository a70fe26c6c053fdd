package gateway

import (
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenantry/tenantry/internal/qdrantrest"
)

const (
	// elementBytes is what a message in a message takes once it is decoded, however short it was: two bytes will do for one.
	elementBytes = 128
	// looseBytes is what a text, or a number with a tag of its own, takes besides its own bytes.
	looseBytes = 24
	// packedBytes is what a packed number takes that may be one byte long.
	packedBytes = 8
	// maxElements of one message, as of one JSON body.
	maxElements = qdrantrest.MaxElements
)

// weight is what decoding a message makes of it, beside its own bytes.
type weight struct{ elements, bytes int64 }

// shape is what must be known of a type of message to weigh an encoded one without decoding it.
type shape struct {
	fields []form // by number
}

type form struct {
	inner *shape // of a field with messages
	small bool   // numbers that may be shorter encoded than decoded
}

var shapes = struct {
	sync.RWMutex
	known map[protoreflect.FullName]*shape
}{known: map[protoreflect.FullName]*shape{}}

// shapeOf returns the shape of a type.
func shapeOf(d protoreflect.MessageDescriptor) *shape {
	shapes.RLock()
	s := shapes.known[d.FullName()]
	shapes.RUnlock()
	if s != nil {
		return s
	}
	shapes.Lock()
	defer shapes.Unlock()
	made := map[protoreflect.FullName]*shape{}
	s = makeShape(d, made)
	for name, m := range made { // only whole ones
		shapes.known[name] = m
	}
	return s
}

func makeShape(d protoreflect.MessageDescriptor, made map[protoreflect.FullName]*shape) *shape {
	if s := made[d.FullName()]; s != nil {
		return s
	}
	s := &shape{}
	made[d.FullName()] = s // types hold themselves
	fields := d.Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		n := int(f.Number())
		if n >= len(s.fields) {
			s.fields = append(s.fields, make([]form, n+1-len(s.fields))...)
		}
		s.fields[n].small = f.IsPacked() && f.Kind() != protoreflect.FloatKind && f.Kind() != protoreflect.DoubleKind
		if f.Message() != nil {
			s.fields[n].inner = makeShape(f.Message(), made)
		}
	}
	return s
}

// weigh weighs an encoded message. What is damaged is weighed as far as it can be read, as it is decoded no further.
func (s *shape) weigh(data []byte) weight {
	var w weight
	s.add(&w, data, 0)
	return w
}

func (s *shape) add(w *weight, data []byte, depth int) {
	if depth > maxNesting {
		return
	}
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return
		}
		m := protowire.ConsumeFieldValue(num, typ, data[n:])
		if m < 0 {
			return
		}
		value := data[n : n+m]
		data = data[n+m:]
		f := s.field(num)
		switch {
		case typ != protowire.BytesType:
			w.bytes += looseBytes
		case f.inner != nil:
			w.elements++
			w.bytes += elementBytes
			body, _ := protowire.ConsumeBytes(value)
			f.inner.add(w, body, depth+1)
		case f.small:
			w.bytes += int64(len(value)) * packedBytes
		default:
			w.bytes += looseBytes
		}
	}
}

// field is the form of a field; fields that the type does not have are kept as they are.
func (s *shape) field(n protowire.Number) form {
	if n < 0 || int(n) >= len(s.fields) {
		return form{}
	}
	return s.fields[n]
}
