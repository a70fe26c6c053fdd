package attack_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// FuzzGRPC sends any bytes as any request, through the whole gateway. It is refused, or it is the attacker's own.
func FuzzGRPC(f *testing.F) {
	a := newArena(f)
	methods := scopeqdrant.Methods()
	v := a.views()[1]
	for i, method := range methods {
		d, _ := methodDescriptor(method)
		m, _ := newMessage(d.Input())
		complete(m, v)
		name(m.ProtoReflect(), docs)
		wire, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), wire)
	}
	for _, body := range malformed(sharedName) {
		if len(body) < 4096 {
			f.Add(uint8(0), body)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		method := methods[int(which)%len(methods)]
		x := attempt{family: "fuzz gRPC", name: method, method: method}
		d, _ := methodDescriptor(method)
		m, _ := newMessage(d.Input())
		x.message = m
		if proto.Unmarshal(body, m) == nil {
			x.random = hasSample(m) || x.inOwn()
		}
		sent := &emptypb.Empty{} // its unknown fields are sent as they stand: exactly body
		sent.ProtoReflect().SetUnknown(body)
		x.message = sent
		a.try(t, byGateway, x)
	})
}

// FuzzREST sends any body to any operation.
func FuzzREST(f *testing.F) {
	a := newArena(f)
	requests := append(append(reads(), writes()...), spelledKeys()...)
	v := a.views()[1]
	for i, w := range requests {
		for _, x := range w.attempts(v)[:1] {
			f.Add(uint8(i), x.body)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		x := requests[int(which)%len(requests)].attempts(v)[0]
		x.family, x.name, x.body = "fuzz REST", "", body
		x.random = strings.Contains(body, "random")
		if x.verb == http.MethodGet {
			x.body = ""
		}
		a.try(t, byREST, x)
	})
}
