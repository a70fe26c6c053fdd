package qdrantrest_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/internal/qdrantrest"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var update = flag.Bool("update", false, "write the golden files")

// request is one line of testdata: an HTTP method, a path with its parameters, and a body.
type request struct{ method, uri, body string }

// requests reads testdata/requests.txt.
func requests(t testing.TB) []request {
	t.Helper()
	text, err := os.ReadFile("testdata/requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []request
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := append(strings.SplitN(line, " ", 3), "", "")
		all = append(all, request{parts[0], parts[1], parts[2]})
	}
	return all
}

// decode runs a request through Match and Decode.
func decode(t testing.TB, r request) (*qdrantrest.Operation, proto.Message, error) {
	t.Helper()
	u, err := url.Parse(r.uri)
	if err != nil {
		t.Fatal(err)
	}
	op, err := qdrantrest.Match(r.method, u.EscapedPath())
	if err != nil {
		return nil, nil, err
	}
	m, err := op.Decode(u.Query(), []byte(r.body))
	return op, m, err
}

// show writes a message on one line, with the fields that the library does not know in hex.
func show(t testing.TB, m proto.Message) string {
	t.Helper()
	text, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil { // protojson varies its spaces on purpose
		t.Fatal(err)
	}
	err = protorange.Range(m.ProtoReflect(), func(v protopath.Values) error {
		if m, ok := v.Index(-1).Value.Interface().(protoreflect.Message); ok && len(m.GetUnknown()) > 0 {
			b.WriteString(" unknown:" + hex.EncodeToString(m.GetUnknown()))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDecodeGolden(t *testing.T) {
	var got strings.Builder
	for _, r := range requests(t) {
		op, m, err := decode(t, r)
		if err != nil {
			t.Errorf("%s %s %s: %v", r.method, r.uri, r.body, err)
			continue
		}
		got.WriteString(strings.TrimSpace(r.method+" "+r.uri+" "+r.body) + "\n")
		if op.NamesOnly {
			got.WriteString("  names only\n")
		}
		got.WriteString("  " + op.Method + " " + show(t, m) + "\n")
	}
	compare(t, "testdata/requests.golden", got.String())
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
