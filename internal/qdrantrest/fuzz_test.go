package qdrantrest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"
	"unicode/utf8"

	pb "github.com/qdrant/go-client/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantrest"
	"google.golang.org/protobuf/proto"
)

// FuzzDecode: whatever is sent, the answer is a message or an Error that says something; a message can be sent on; and
// what was taken is JSON for the standard library too.
func FuzzDecode(f *testing.F) {
	for _, r := range requests(f) {
		f.Add(r.method, r.uri, r.body)
	}
	f.Fuzz(func(t *testing.T, method, uri, body string) {
		u, err := url.ParseRequestURI(uri)
		if err != nil {
			return
		}
		op, err := qdrantrest.Match(method, u.EscapedPath())
		if err != nil {
			wellFormed(t, err)
			return
		}
		m, err := op.Decode(u.Query(), []byte(body))
		if err != nil {
			wellFormed(t, err)
			return
		}
		if _, err := proto.Marshal(m); err != nil {
			t.Errorf("the message cannot be sent on: %v", err)
		}
		if body != "" && !op.NamesOnly && !json.Valid([]byte(body)) {
			t.Errorf("took what is not JSON: %q", body)
		}
	})
}

func wellFormed(t *testing.T, err error) {
	t.Helper()
	var e *qdrantrest.Error
	if !errors.As(err, &e) || e.Status < 400 || e.Status > 422 || e.Message == "" || !utf8.ValidString(e.Message) {
		t.Errorf("got %T %v, want a full *qdrantrest.Error", err, err)
	}
}

// FuzzPayload: a payload that is read, stored, written and read again is the same, and is what the standard library
// reads, where that takes it.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":1.0,"c":-0,"d":"\u0000\ud83d\ude00\/","e":[null,true,{"f":[]}],"g":1e-9,"h":123456789012345678}`,
		`{"tenant_id":"x"}`, `{"\u0074enant_id":"x"}`, ` { "a" : [ ] } `, `{"a":1e308}`, `{"":{"":{}}}`, `{"a":9223372036854775807}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		first, ok := setPayload(t, payload)
		if !ok {
			return
		}
		written := getPayload(t, first)
		second, ok := setPayload(t, string(written))
		if !ok || !proto.Equal(&pb.Struct{Fields: first}, &pb.Struct{Fields: second}) {
			t.Fatalf("%q became %q", payload, written)
		}
		var theirs, ours any
		if err := json.Unmarshal([]byte(payload), &theirs); err != nil {
			t.Fatalf("took %q, which encoding/json does not: %v", payload, err)
		}
		if err := json.Unmarshal(written, &ours); err != nil {
			t.Fatalf("wrote %q: %v", written, err)
		}
		a, _ := json.Marshal(theirs)
		b, _ := json.Marshal(ours)
		if !bytes.Equal(a, b) {
			t.Errorf("encoding/json reads %s and, after us, %s", a, b)
		}
	})
}

// setPayload reads a payload as part of a request. False: refused.
func setPayload(t *testing.T, payload string) (map[string]*pb.Value, bool) {
	t.Helper()
	op, err := qdrantrest.Match(http.MethodPost, "/collections/c/points/payload")
	if err != nil {
		t.Fatal(err)
	}
	m, err := op.Decode(nil, []byte(`{"points":[1],"payload":`+payload+`}`))
	if err != nil {
		wellFormed(t, err)
		return nil, false
	}
	set := m.(*pb.SetPayloadPoints)
	if _, ids := set.GetPointsSelector().GetPointsSelectorOneOf().(*pb.PointsSelector_Points); !ids || set.Key != nil {
		return nil, false // the fuzzer closed the payload and went on with the request
	}
	return set.GetPayload(), true
}

// getPayload writes a payload as part of a reply and cuts it out again.
func getPayload(t *testing.T, payload map[string]*pb.Value) []byte {
	t.Helper()
	op, err := qdrantrest.Match(http.MethodPost, "/collections/c/points")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := op.Decode(nil, []byte(`{"ids":[1],"with_payload":true}`)); err != nil {
		t.Fatal(err)
	}
	body, err := op.Encode(&pb.GetResponse{Result: []*pb.RetrievedPoint{{Id: pb.NewIDNum(1), Payload: payload}}}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Result []struct{ Payload json.RawMessage }
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return reply.Result[0].Payload
}
