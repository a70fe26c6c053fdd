package attack_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/qdrantsim"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// attempt is one request of an attacker. Either method and message are set, or verb, path and body.
type attempt struct {
	family, name string

	method  string
	message proto.Message

	verb, path, body string
	header           http.Header

	random bool // the answer differs from time to time by itself
}

func (x attempt) rest() bool { return x.verb != "" }

func (x attempt) String() string {
	if x.rest() {
		return fmt.Sprintf("%s/%s: %s %s %s", x.family, x.name, x.verb, x.path, x.body)
	}
	return fmt.Sprintf("%s/%s: %s %s", x.family, x.name, x.method, short(formatted(x.message), 1500))
}

// formatted is a message as text; one that is sent as bytes, as those.
func formatted(m proto.Message) string {
	if e, ok := m.(*emptypb.Empty); ok {
		return fmt.Sprintf("%q", strings.ToValidUTF8(string(e.ProtoReflect().GetUnknown()), "?"))
	}
	return prototext.MarshalOptions{}.Format(m)
}

func short(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

// answer is what the attacker is told, down to the last byte.
type answer struct {
	refused bool
	code    string
	text    string // of a refusal
	bytes   string // all else: wire and text form, headers, trailers
}

// send sends one attempt on one way.
func (s *stage) send(t testing.TB, by way, x attempt) answer {
	t.Helper()
	if x.rest() {
		return s.sendREST(t, by, x)
	}
	ctx, conn := s.grpcConn(t.Context(), by)
	for key, values := range x.header {
		for _, v := range values {
			ctx = metadata.AppendToOutgoingContext(ctx, strings.ToLower(key), v)
		}
	}
	return invoke(ctx, conn, x)
}

func invoke(ctx context.Context, conn *grpc.ClientConn, x attempt) answer {
	reply := replyTo(x.method)
	var header, trailer metadata.MD
	err := conn.Invoke(ctx, x.method, x.message, reply, grpc.Header(&header), grpc.Trailer(&trailer))
	about := fmt.Sprint(header, trailer)
	if err != nil {
		st := status.Convert(err)
		return answer{refused: true, code: st.Code().String(), text: st.Message(), bytes: about + fmt.Sprint(st.Details())}
	}
	return answer{code: codes.OK.String(), bytes: about + asComparable(reply, x.inOwn())}
}

// inOwn says that an attempt is about the attacker's dedicated collection, where counters of operations are its own.
func (x attempt) inOwn() bool {
	if x.rest() {
		return strings.HasPrefix(x.path, "/collections/"+own+"/")
	}
	named, ok := x.message.(interface{ GetCollectionName() string })
	return ok && named.GetCollectionName() == own
}

// asComparable is a reply in both forms without the time that it took, and without counters of the attacker's own doings.
func asComparable(reply proto.Message, counters bool) string {
	clearNamed(reply.ProtoReflect(), "time")
	if counters {
		clearNamed(reply.ProtoReflect(), "operation_id")
		clearNamed(reply.ProtoReflect(), "version")
	}
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(reply)
	if err != nil {
		return err.Error()
	}
	return string(wire) + "\n" + strings.ReplaceAll(prototext.MarshalOptions{}.Format(reply), "  ", " ")
}

func clearNamed(m protoreflect.Message, field protoreflect.Name) {
	if f := m.Descriptor().Fields().ByName(field); f != nil {
		m.Clear(f)
	}
	eachMessage(m, func(inner protoreflect.Message) { clearNamed(inner, field) })
}

// replyTo is an empty reply; a message without fields keeps all bytes of what is no method of the client library.
func replyTo(method string) proto.Message {
	if m, ok := replyType(method); ok {
		return m
	}
	return &emptypb.Empty{}
}

var (
	times    = regexp.MustCompile(`"time":[0-9.e+-]+`)
	counters = regexp.MustCompile(`"(operation_id|version)":[0-9]+`)
)

func (s *stage) sendREST(t testing.TB, by way, x attempt) answer {
	t.Helper()
	url, key := s.restURL(by)
	r, err := http.NewRequestWithContext(t.Context(), x.verb, url, strings.NewReader(x.body))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = "//" + r.URL.Host + x.path // sent as it is written
	r.Header.Set("Api-Key", key)
	if x.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range x.header {
		r.Header[name] = values
	}
	res, err := plainHTTP.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", x, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	body = times.ReplaceAll(body, []byte(`"time":0`))
	if x.inOwn() {
		body = counters.ReplaceAll(body, []byte(`"$1":0`))
	}
	res.Header.Del("Date")
	res.Header.Del("Content-Length")
	var header bytes.Buffer
	_ = res.Header.Write(&header)
	out := answer{code: fmt.Sprint(res.StatusCode), bytes: header.String()}
	if res.StatusCode >= http.StatusBadRequest {
		out.refused, out.text = true, string(body)
		return out
	}
	out.bytes += string(body)
	return out
}

// try makes one attempt in both worlds and checks all that must hold of it.
func (a *arena) try(t testing.TB, by way, x attempt) answer {
	t.Helper()
	a.full.Sim.ResetCalls()
	told := a.full.send(t, by, x)
	a.showsNothing(t, by, x, told)
	wrote := a.touchesNothing(t, by, x)
	other := a.empty.send(t, by, x)
	if told != other && !x.random && !a.alike(t, by, x, told, other) {
		book.wrong++
		t.Errorf("%s: %s\nthe answer depends on what others have:\nwith them    %s\nwithout them %s", by, x, show(told), show(other))
	}
	if wrote {
		a.settle(t, by, x)
	}
	book.note(x.family, by, told)
	return told
}

func show(r answer) string {
	return fmt.Sprintf("%s %q %q", r.code, short(r.text, 600), short(r.bytes, 900))
}

// alike repeats an attempt where messages depend on the order of a map: any answer may come in either world.
func (a *arena) alike(t testing.TB, by way, x attempt, told, other answer) bool {
	t.Helper()
	if !told.refused || !other.refused || told.code != other.code {
		return false
	}
	for range 30 {
		if a.full.send(t, by, x) == other || a.empty.send(t, by, x) == told {
			return true
		}
	}
	return false
}

// showsNothing looks for what is secret in all that came back. What the attacker itself wrote may be repeated to it in a
// refusal.
func (a *arena) showsNothing(t testing.TB, by way, x attempt, told answer) {
	t.Helper()
	sent := ""
	if told.refused {
		sent = x.String() + x.path + x.body
		if x.message != nil {
			sent += formatted(x.message)
		}
	}
	if !told.refused && (strings.Contains(told.bytes, vector.TenantField) || strings.Contains(told.bytes, vector.CorpusField)) {
		book.wrong++
		t.Errorf("%s: %s\nthe answer holds the engine's own keys:\n%s", by, x, show(told))
	}
	for _, id := range anyUUID.FindAllString(told.text, -1) {
		if !wrote(sent, id) {
			book.wrong++
			t.Errorf("%s: %s\nthe refusal names an id that was not asked for, %s:\n%s", by, x, id, show(told))
		}
	}
	for _, secret := range a.secrets() {
		if strings.Contains(told.bytes, secret) || strings.Contains(told.text, secret) && !wrote(sent, secret) {
			book.wrong++
			t.Errorf("%s: %s\nthe answer holds %q:\n%s", by, x, secret, show(told))
		}
	}
}

// wrote says whether the attacker wrote something itself, ids in any spelling.
func wrote(sent, secret string) bool {
	flat := strings.NewReplacer("-", "").Replace
	return strings.Contains(sent, secret) || strings.Contains(flat(strings.ToLower(sent)), flat(secret))
}

func (a *arena) secrets() []string {
	if a.known == nil {
		a.known = a.needles()
	}
	return a.known
}

// touchesNothing checks what reached the server, and says whether it may have changed something.
func (a *arena) touchesNothing(t testing.TB, by way, x attempt) (wrote bool) {
	t.Helper()
	for _, call := range a.full.Sim.Calls() {
		if by != bySDK && call.Principal != qdrantsim.PrincipalJWT {
			book.wrong++
			t.Errorf("%s: %s\nthe server was reached as %s", by, x, call.Principal)
		}
		if call.RESTOnly() || !slices.Contains(scopeqdrant.Methods(), call.Method) || writesCollections[call.Method] {
			book.wrong++
			t.Errorf("%s: %s\n%s reached the server", by, x, call.Method)
		}
		writes := writesPoints[call.Method]
		wrote = wrote || writes
		for _, place := range call.Touched {
			if a.foreign[place] || writes && ofLaws(place) || !mayTouch(place) {
				book.wrong++
				t.Errorf("%s: %s\n%s touched %s", by, x, call.Method, place)
				break
			}
		}
	}
	return wrote
}

// settle checks after a write that others' points are as they were and that new ones are the attacker's, and puts
// everything back.
func (a *arena) settle(t testing.TB, by way, x attempt) {
	t.Helper()
	now := a.full.Dump(t)
	for place, before := range a.full.victims {
		if now[place] != before {
			book.wrong++
			t.Errorf("%s: %s\n%s was changed", by, x, place)
		}
	}
	for _, p := range a.full.Sim.Points(sharedName) {
		if bad := badStamp(p.Payload); bad != "" {
			book.wrong++
			t.Errorf("%s: %s\nthe shared collection now holds a point of nobody: %s", by, x, bad)
		}
	}
	a.full.restore(t, now)
	a.empty.restore(t, a.empty.Dump(t))
}

// crosses makes an attempt past the gateway, with the server's own key, and says whether it reached the victim: then the
// attack is a real one. A server that wants a condition on the tenant in every query gets one, the attacker's own: what a
// gateway would do that knows of filters only.
func (a *arena) crosses(t testing.TB, x attempt) bool {
	t.Helper()
	if a.reaches(t, x) {
		return true
	}
	if x.rest() {
		return false
	}
	x.message = proto.Clone(x.message)
	filterOnly(x.message.ProtoReflect())
	return a.reaches(t, x)
}

func (a *arena) reaches(t testing.TB, x attempt) bool {
	t.Helper()
	a.full.Sim.ResetCalls()
	told := a.full.send(t, directly, x)
	reached := strings.Contains(told.bytes, canary+victim) || !told.refused && (beyondPoints(x) || strings.Contains(told.bytes, victim))
	wrote, more := false, false
	for _, call := range a.full.Sim.Calls() {
		wrote = wrote || writesPoints[call.Method]
		more = more || writesCollections[call.Method] || call.RESTOnly()
		reached = reached || call.RESTOnly() && !told.refused
		for _, place := range call.Touched {
			reached = reached || a.foreign[place] && !told.refused
		}
	}
	switch {
	case more:
		a.full.refill(t)
	case wrote:
		a.full.restore(t, a.full.Dump(t))
	}
	return reached
}

// filterOnly appends the attacker's own condition to every level of a query.
func filterOnly(m protoreflect.Message) {
	switch m.Interface().(type) {
	case *pb.QueryPoints, *pb.QueryPointGroups, *pb.PrefetchQuery:
		f := m.Mutable(m.Descriptor().Fields().ByName("filter")).Message().Interface().(*pb.Filter)
		f.Must = append(f.Must, match(vector.TenantField, mallory))
	}
	eachMessage(m, filterOnly)
}
