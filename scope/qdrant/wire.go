package qdrant

import (
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Replies are mostly passed on. So the tables of replies are applied to encoded ones as well, field by field, without making
// messages and maps of them. This knows the encodings that servers write; a reply in any other is decoded.

// maxWireDepth of messages in messages: Qdrant's own limit is 100.
const maxWireDepth = 96

// ResponseBytes is Response for an encoded reply: it appends the encoded answer to dst, and returns the whole. What it appends
// decodes to what Response returns for the decoded reply. dst must not overlap reply.
func (c *Call) ResponseBytes(dst, reply []byte) ([]byte, error) {
	if c.Answer == nil && c.finish == nil {
		w := &rewriter{reader: reader{queried: c.queried}}
		if out, ok := w.message(dst, reply, replyPlans[methods[c.Method].out.Descriptor().FullName()]); ok {
			return out, nil
		}
	}
	return c.decoded(dst, reply)
}

// decoded is the long way: decode, clean, encode.
func (c *Call) decoded(dst, reply []byte) ([]byte, error) {
	m := c.NewReply()
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(reply, m); err != nil {
		return nil, refusef(codes.Internal, ReasonWrongMessage, "the server's reply cannot be decoded").refusal()
	}
	clean, err := c.Response(m)
	if err != nil {
		return nil, err
	}
	out, err := proto.MarshalOptions{}.MarshalAppend(dst, clean)
	if err != nil {
		return nil, refusef(codes.Internal, ReasonWrongMessage, "the reply cannot be encoded").refusal()
	}
	return out, nil
}

// rewriter is one encoded reply on its way through the tables. Its methods append to out; they report false for what must be
// decoded, and then out is of no use.
type rewriter struct {
	reader
	depth int
}

func (w *rewriter) message(out, in []byte, p *replyPlan) ([]byte, bool) {
	if w.depth++; w.depth > maxWireDepth {
		return nil, false
	}
	for seen := uint64(0); len(in) > 0; {
		num, typ, n := protowire.ConsumeTag(in)
		if n < 0 {
			return nil, false
		}
		m := protowire.ConsumeFieldValue(num, typ, in[n:])
		if m < 0 {
			return nil, false
		}
		field, value := in[:n+m], in[n:n+m]
		in = in[n+m:]
		s := p.numbered(num)
		if s == nil {
			continue // in no table, and so dropped
		}
		// Where a decoder would merge, or let the last one count, order matters to rules: that is left to it.
		if typ != s.wire.typ || seen&s.wire.once != 0 || s.rule.wire == nil {
			return nil, false
		}
		seen |= s.wire.once
		var ok bool
		if out, ok = s.rule.wire(w, out, s, field, value); !ok {
			return nil, false
		}
	}
	w.depth--
	return out, true
}

// wireRule is what a replyRule does with one encoded field: all of it, and its value without the tag.
type wireRule func(w *rewriter, out []byte, s *replyStep, field, value []byte) ([]byte, bool)

func wireKeep(_ *rewriter, out []byte, s *replyStep, field, value []byte) ([]byte, bool) {
	if !s.wire.valid(value) {
		return nil, false
	}
	return append(out, field...), true
}

func wireDrop(_ *rewriter, out []byte, _ *replyStep, _, _ []byte) ([]byte, bool) { return out, true }

func wireInner(w *rewriter, out []byte, s *replyStep, _, value []byte) ([]byte, bool) {
	body, _ := protowire.ConsumeBytes(value)
	out = append(out, s.wire.tag...)
	start := len(out)
	out = protowire.AppendVarint(out, uint64(len(body))) // as long as it will be, nearly always
	size := len(out) - start
	out, ok := w.message(out, body, s.wire.body)
	if !ok {
		return nil, false
	}
	return sized(out, start, size), true
}

// sized writes the length of what follows a length prefix of that size at start, and moves it if the length needs another
// size.
func sized(out []byte, start, size int) []byte {
	n := len(out) - start - size
	if need := protowire.SizeVarint(uint64(n)); need != size {
		if need > size {
			out = append(out, make([]byte, need-size)...)
		}
		copy(out[start+need:], out[start+size:start+size+n])
		out = out[:start+need+n]
	}
	protowire.AppendVarint(out[:start], uint64(n))
	return out
}

func wireCounter(w *rewriter, out []byte, s *replyStep, field, value []byte) ([]byte, bool) {
	switch {
	case w.queried.Pattern != Dedicated:
		return out, true
	case s.wire.body != nil:
		return wireInner(w, out, s, field, value)
	}
	return wireKeep(w, out, s, field, value)
}

func wireJoined(w *rewriter, out []byte, s *replyStep, field, value []byte) ([]byte, bool) {
	w.foreign = true
	out, ok := wireInner(w, out, s, field, value)
	w.foreign = false
	return out, ok
}

func wirePayload(w *rewriter, out []byte, s *replyStep, field, value []byte) ([]byte, bool) {
	entry, _ := protowire.ConsumeBytes(value)
	key, ok := entryKey(entry)
	if !ok {
		return nil, false
	}
	more, ok := wireInner(w, out, s, field, value) // not for an entry with a second key
	if ok && w.mapped() && (string(key) == TenantField || string(key) == CorpusField) {
		return out, true
	}
	return more, ok
}

// entryKey is the key of a map's entry that begins with it, as they all do.
func entryKey(entry []byte) ([]byte, bool) {
	num, typ, n := protowire.ConsumeTag(entry)
	if n < 0 || num != keyNumber || typ != protowire.BytesType {
		return nil, false
	}
	key, m := protowire.ConsumeBytes(entry[n:])
	return key, m >= 0
}

// The fields of a map's entry.
const keyNumber, valueNumber = 1, 2

// The fields of a PointId.
const numNumber, uuidNumber = 1, 2

func wireOpenID(w *rewriter, out []byte, s *replyStep, field, value []byte) ([]byte, bool) {
	if !w.mapped() {
		return wireInner(w, out, s, field, value)
	}
	id, _ := protowire.ConsumeBytes(value)
	num, typ, n := protowire.ConsumeTag(id)
	if n < 0 || num != uuidNumber || typ != protowire.BytesType {
		return nil, false
	}
	stored, m := protowire.ConsumeBytes(id[n:])
	if m < 0 || n+m != len(id) {
		return nil, false
	}
	return w.appendID(out, s.wire.tag, stored)
}

// appendID appends the client's id as a PointId.
func (w *rewriter) appendID(out, tag, stored []byte) ([]byte, bool) {
	ids := w.queried.ids
	if !ids.decode(string(stored), &w.spare) {
		return nil, false
	}
	out = append(out, tag...)
	if n, ok := ids.opened(&w.spare); ok {
		out = protowire.AppendVarint(out, uint64(1+protowire.SizeVarint(n)))
		out = protowire.AppendTag(out, numNumber, protowire.VarintType)
		return protowire.AppendVarint(out, n), true
	}
	text := formatUUID(&w.spare.out)
	out = protowire.AppendVarint(out, uint64(protowire.SizeTag(uuidNumber)+protowire.SizeBytes(len(text))))
	out = protowire.AppendTag(out, uuidNumber, protowire.BytesType)
	return protowire.AppendString(out, text), true
}

// valid tells whether the value of a kept field decodes; its type on the wire is right, and all of it is there.
func (f *wireForm) valid(value []byte) bool {
	if f.typ != protowire.BytesType {
		return true
	}
	body, _ := protowire.ConsumeBytes(value)
	if f.packed {
		return packedValid(body, f.element)
	}
	return !f.text || utf8.Valid(body)
}

func packedValid(body []byte, element protowire.Type) bool {
	switch element {
	case protowire.Fixed32Type:
		return len(body)%4 == 0
	case protowire.Fixed64Type:
		return len(body)%8 == 0
	}
	for len(body) > 0 {
		_, n := protowire.ConsumeVarint(body)
		if n < 0 {
			return false
		}
		body = body[n:]
	}
	return true
}
