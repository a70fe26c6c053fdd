package attack_test

import (
	"math"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenantry/tenantry/test/attack/world"
)

// TestInvariant10UnknownIsRefused puts a field that nobody knows into every message of every kind of request, at every depth (F14). A
// server that is newer than the engine would understand it.
func TestInvariant10UnknownIsRefused(t *testing.T) {
	a := newArena(t)
	seen := map[string]bool{}
	stored := a.views()[1]
	for _, l := range inventory(t) {
		if _, known := methodDescriptor(l.method); !known {
			continue
		}
		for _, m := range l.messages(t, stored)[:1] {
			n := 0
			eachOf(m.ProtoReflect(), func(protoreflect.Message) { n++ })
			for at := range n {
				tampered, where := tamper(m, at)
				if key := l.method + " " + where; seen[key] {
					continue
				} else {
					seen[key] = true
				}
				for _, by := range []way{byGateway, bySDK} {
					told := a.try(t, by, attempt{family: "F14 unknown fields", name: where, method: l.method, message: tampered})
					if !told.refused && !ignoresContent[l.method] {
						t.Errorf("%s: %s takes a field in %s that it cannot know", by, l.method, where)
					}
				}
			}
		}
	}
	if len(seen) < 400 {
		t.Errorf("only %d messages were tampered with", len(seen))
	}
}

// ignoresContent: answered without the server, whatever is in the message.
var ignoresContent = map[string]bool{"/qdrant.Qdrant/HealthCheck": true, "/grpc.health.v1.Health/Check": true}

func eachOf(m protoreflect.Message, visit func(protoreflect.Message)) {
	visit(m)
	eachMessage(m, func(inner protoreflect.Message) { eachOf(inner, visit) })
}

// tamper returns a copy with an unknown field in the n-th message, and the type of that one.
func tamper(m proto.Message, n int) (proto.Message, string) {
	out := proto.Clone(m)
	where, i := "", 0
	eachOf(out.ProtoReflect(), func(inner protoreflect.Message) {
		if i == n {
			where = string(inner.Descriptor().FullName())
			number := protowire.Number(6) // what 1.19 calls idf in SearchParams, and nothing anywhere else
			for inner.Descriptor().Fields().ByNumber(number) != nil || where == "qdrant.SearchParams" && number < 10 {
				number++
			}
			inner.SetUnknown(protowire.AppendVarint(protowire.AppendTag(inner.GetUnknown(), number, protowire.VarintType), 1))
		}
		i++
	})
	return out, where
}

// bytesCodec sends bytes as they are, and takes any answer.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (bytesCodec) Unmarshal(b []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), b...)
	return nil
}

func bytesField(number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), value)
}

// malformed are bodies of a scroll that decoders may take differently.
func malformed(theirs string) map[string][]byte {
	name := bytesField(1, []byte(docs))
	deep := []byte{}
	for range 20_000 { // filter { must { filter { … } } }
		deep = bytesField(4, bytesField(2, deep))
		if len(deep) > 1<<20 {
			break
		}
	}
	return map[string][]byte{
		"the name twice, another's last":   append(append([]byte{}, name...), bytesField(1, []byte(theirs))...),
		"the name twice, another's first":  append(bytesField(1, []byte(theirs)), name...),
		"a name that is no text":           bytesField(1, []byte{0xff, 0xfe}),
		"a name as a number":               protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1),
		"a filter as a number":             append(append([]byte{}, name...), protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), 1)...),
		"the filter in two parts":          append(append([]byte{}, name...), append(bytesField(2, nil), bytesField(2, bytesField(1, nil))...)...),
		"a limit beyond 32 bits":           append(append([]byte{}, name...), protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), math.MaxUint64)...),
		"a varint without an end":          append(append([]byte{}, name...), 0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"a length beyond the end":          append(append([]byte{}, name...), 0x12, 0xff, 0xff, 0x03),
		"a group":                          append(append([]byte{}, name...), 0x13, 0x14),
		"a group without an end":           append(append([]byte{}, name...), 0x13),
		"field number 0":                   append(append([]byte{}, name...), 0x02, 0x00),
		"the highest field number":         append(append([]byte{}, name...), protowire.AppendVarint(protowire.AppendTag(nil, protowire.MaxValidNumber, protowire.VarintType), 1)...),
		"a filter that goes ever deeper":   append(append([]byte{}, name...), bytesField(2, deep)...),
		"bytes that are nothing":           {0xde, 0xad, 0xbe, 0xef},
		"an overlong tag":                  append(append([]byte{}, name...), 0x92, 0x80, 0x80, 0x80, 0x00, 0x00),
		"nothing":                          {},
		"padding of a known length":        append(append([]byte{}, name...), 0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00),
		"a message of another kind":        append(append([]byte{}, name...), bytesField(14, []byte("x"))...),
		"one point id with both its kinds": append(append([]byte{}, name...), bytesField(3, append([]byte{0x08, 1}, bytesField(2, []byte(victimUUID))...))...),
	}
}

// TestMalformedMessages: such a message is refused, or read in one way only: as the attacker's own.
func TestMalformedMessages(t *testing.T) {
	a := newArena(t)
	for what, body := range malformed(sharedName) {
		a.full.Sim.ResetCalls()
		told := a.full.sendBytes(t, pointsRPC+"Scroll", body)
		x := attempt{family: "malformed messages", name: what, method: pointsRPC + "Scroll"}
		x.message = raw(strings.ToValidUTF8(string(body), "?"))
		a.showsNothing(t, byGateway, x, told)
		a.touchesNothing(t, byGateway, x)
		if other := a.empty.sendBytes(t, pointsRPC+"Scroll", body); other != told {
			t.Errorf("%s: the answer depends on what others have: %s, %s", what, show(told), show(other))
		}
		if told.code == codes.Internal.String() || told.code == codes.Unknown.String() {
			t.Errorf("%s: %s", what, show(told))
		}
		book.note(x.family, byGateway, told)
	}
	x := attempt{family: "malformed messages", name: "two names", method: pointsRPC + "Scroll",
		message: &pb.ScrollPoints{CollectionName: sharedName, WithPayload: pb.NewWithPayload(true)}}
	c := a.crosses(t, x)
	book.control(x.family, c)
	if !c {
		t.Error("a scroll past the gateway does not cross")
	}
}

func (s *stage) sendBytes(t testing.TB, method string, body []byte) answer {
	t.Helper()
	var reply []byte
	err := s.Raw.Invoke(world.WithKey(t.Context(), s.token), method, &body, &reply, grpc.ForceCodec(bytesCodec{}))
	if err != nil {
		return answer{refused: true, code: grpcCode(err), text: grpcText(err)}
	}
	m := &pb.ScrollResponse{}
	if err := proto.Unmarshal(reply, m); err != nil {
		t.Fatal(err)
	}
	return answer{code: codes.OK.String(), bytes: asComparable(m, false)}
}
