package qdrant

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// inventory reads testdata/risky-fields.txt: paths by RPC, and what the client library does not know.
func inventory(t *testing.T) (risky map[string][]string, unknown []string) {
	t.Helper()
	file, err := os.Open("testdata/risky-fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	risky = map[string][]string{}
	rpc := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		path, indented := strings.CutPrefix(line, "  ")
		switch {
		case strings.HasPrefix(line, "#"):
		case !indented:
			rpc = line
			if line != "unknown:" {
				risky[rpc] = []string{}
			}
		case rpc == "unknown:":
			unknown = append(unknown, path)
		default:
			risky[rpc] = append(risky[rpc], path)
		}
	}
	return risky, unknown
}

func fullMethod(rpc string) string {
	if strings.HasPrefix(rpc, "Health/") {
		return "/grpc.health.v1." + rpc
	}
	return "/qdrant." + rpc
}

// ruleOf follows a path and returns the rule that its field gets in the end: the first leaf rule decides.
func ruleOf(t *testing.T, d protoreflect.MessageDescriptor, path string) *rule {
	t.Helper()
	var out *rule
	for _, segment := range strings.Split(path, ".") {
		name := protoreflect.Name(strings.TrimRight(segment, "[]{}"))
		if d == nil {
			t.Fatalf("%s: nothing before %s has fields", path, name)
		}
		// The inventory leaves the name of the list out where a oneof holds nothing but a list.
		if d.FullName() == "qdrant.MultExpression" || d.FullName() == "qdrant.SumExpression" {
			name = d.Fields().Get(0).Name()
		}
		fd := d.Fields().ByName(name)
		if fd == nil {
			return nil
		}
		if out = requestTables[d.FullName()].fields[name]; out == nil || out.leaf {
			return out
		}
		d = fd.Message()
		if fd.IsMap() {
			d = fd.MapValue().Message()
		}
	}
	return out
}

func TestEveryRiskyFieldHasARule(t *testing.T) {
	risky, _ := inventory(t)
	if len(risky) < 45 {
		t.Fatalf("the inventory names %d RPCs: it was not read whole", len(risky))
	}
	checked := 0
	for rpc, paths := range risky {
		m, ok := methods[fullMethod(rpc)]
		if !ok {
			t.Errorf("%s has no policy", rpc)
			continue
		}
		if m.treatment == refused {
			continue
		}
		for _, path := range paths {
			checked++
			if strings.HasSuffix(path, "params.idf.corpus") {
				continue // not a field of the client library: TestIDF and its relatives
			}
			if r := ruleOf(t, m.in.Descriptor(), path); r == nil || r == pass || r == undeclared {
				t.Errorf("%s: %s has no rule of its own", rpc, path)
			}
		}
	}
	if checked < 700 {
		t.Errorf("only %d fields were checked", checked)
	}
}

func TestUnknownRPCsAreRefused(t *testing.T) {
	_, unknown := inventory(t)
	s := newTestScope(t)
	for _, rpc := range append(unknown, "Points/NoSuch", "PointsInternal/Upsert") {
		if _, ok := NewRequest(fullMethod(rpc)); ok {
			t.Errorf("%s is known", rpc)
		}
		_, err := s.Request(fullMethod(rpc), plainQuery())
		if r := refusalOf(t, err); r.Code != codes.Unimplemented || r.Reason != ReasonUnknownMethod {
			t.Errorf("%s gave %v, want it refused as unknown", rpc, err)
		}
	}
	if len(unknown) < 9 {
		t.Errorf("%d unknown RPCs were read from the inventory, want 9", len(unknown))
	}
}

func TestRefusedRPCsSayWhy(t *testing.T) {
	s := newTestScope(t)
	n := 0
	for name, m := range methods {
		if m.treatment != refused {
			continue
		}
		n++
		_, err := s.Request(name, m.in.New().Interface())
		r := refusalOf(t, err)
		if r.Code != codes.PermissionDenied || !strings.Contains(r.Message, m.reason) {
			t.Errorf("%s gave %v", name, err)
		}
	}
	if n < 19 {
		t.Errorf("%d RPCs are refused", n)
	}
	if _, err := s.Request("/qdrant.Points/Query", proto.Message(nil)); err == nil {
		t.Error("a request without a message was scoped")
	}
}
