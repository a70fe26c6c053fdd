package qdrant

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// shown writes a call for a golden file. Raw idf params follow the message.
func shown(t *testing.T, c *Call) string {
	t.Helper()
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s\naccess %+v\n", c.Method, c.Access)
	writeJSON(t, &out, c.Message)
	eachMessage(c.Message.ProtoReflect(), func(m protoreflect.Message) {
		if raw := m.GetUnknown(); len(raw) > 0 {
			corpus, ok := readIDF(raw)
			fmt.Fprintf(&out, "raw idf of a %s, understood: %v\n", m.Descriptor().Name(), ok)
			writeJSON(t, &out, corpus)
		}
	})
	return out.String()
}

func writeJSON(t *testing.T, out *bytes.Buffer, m proto.Message) {
	t.Helper()
	raw, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(out, raw, "", " "); err != nil {
		t.Fatal(err)
	}
	out.WriteString("\n")
}

// eachMessage visits m and all messages in it, in the order of their fields.
func eachMessage(m protoreflect.Message, visit func(protoreflect.Message)) {
	visit(m)
	for i := range m.Descriptor().Fields().Len() {
		fd := m.Descriptor().Fields().Get(i)
		switch {
		case !m.Has(fd):
		case fd.IsMap() && fd.MapValue().Message() != nil:
			m.Get(fd).Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				eachMessage(v.Message(), visit)
				return true
			})
		case fd.IsMap() || fd.Message() == nil:
		case fd.IsList():
			for j := range m.Get(fd).List().Len() {
				eachMessage(m.Get(fd).List().Get(j).Message(), visit)
			}
		default:
			eachMessage(m.Get(fd).Message(), visit)
		}
	}
}

func TestRewrite(t *testing.T) {
	s := newTestScope(t)
	covered := map[string]bool{"/qdrant.Collections/Get": true} // TestCollectionInfo
	for name, tt := range rewrites {
		t.Run(name, func(t *testing.T) {
			method := "/qdrant.Points/" + tt.method
			covered[method] = true
			c, err := s.Request(method, tt.request())
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "rewrite", name+".golden"), shown(t, c))
		})
	}
	for _, name := range Methods() {
		if methods[name].treatment == served && !covered[name] {
			t.Errorf("no request of %s is rewritten here", name)
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("differs from %s (go test -update writes it): -want +got\n%s", path, diff)
	}
}

func protoText(t *testing.T, m proto.Message) string {
	t.Helper()
	var out bytes.Buffer
	writeJSON(t, &out, m)
	return out.String()
}
