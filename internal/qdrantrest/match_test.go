package qdrantrest_test

import (
	"net/http"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantrest"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func TestMatchRefuses(t *testing.T) {
	tests := map[string]struct {
		method, path string
		status       int
		want         string
	}{
		"no slash":                 {"GET", "collections", 404, "begin with a slash"},
		"nothing":                  {"GET", "", 404, "begin with a slash"},
		"a repeated slash":         {"GET", "/collections//docs", 404, "empty segment"},
		"two slashes at the end":   {"GET", "/collections//", 404, "empty segment"},
		"a dot segment":            {"GET", "/collections/./docs", 404, "dot segment"},
		"a way up":                 {"GET", "/collections/docs/../other", 404, "dot segment"},
		"an escaped slash":         {"GET", "/collections/a%2Fpoints", 404, "escapes are not taken"},
		"an escaped letter":        {"GET", "/%63ollections", 404, "escapes are not taken"},
		"a null byte":              {"GET", "/collections/a\x00", 404, "escapes are not taken"},
		"a parameter in the path":  {"GET", "/collections/a;b=c", 404, "escapes are not taken"},
		"a letter beyond ASCII":    {"GET", "/collections/ä", 404, "escapes are not taken"},
		"a space":                  {"GET", "/collections/a b", 404, "escapes are not taken"},
		"a very long path":         {"GET", strings.Repeat("/a", 5000), 404, "no such path"},
		"another case":             {"GET", "/Collections", 404, "no such path"},
		"a path without operation": {"GET", "/collections/a/index", 405, "does not take GET"},
		"another method":           {"DELETE", "/collections/a/points", 405, "does not take DELETE"},
		"HEAD":                     {"HEAD", "/collections", 405, "does not take HEAD"},
		"a method in small":        {"get", "/collections", 405, "does not take this method"},
		"a method that is none":    {"<script>", "/collections", 405, "does not take this method"},
		"telemetry":                {"GET", "/telemetry", 404, "no such path"},
		"metrics":                  {"GET", "/metrics", 404, "no such path"},
		"cluster":                  {"GET", "/cluster", 404, "no such path"},
		"a shard's points":         {"POST", "/collections/a/shards/0/points/scroll", 404, "no such path"},
		"a snapshot's file":        {"GET", "/collections/a/snapshots/b", 405, "does not take GET"},
		"a snapshot's upload":      {"POST", "/collections/a/snapshots/upload", 405, "does not take POST"},
		"vector names":             {"DELETE", "/collections/a/vectors/v", 404, "no such path"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			op, err := qdrantrest.Match(test.method, test.path)
			if err == nil {
				t.Fatalf("matched %s", op.Method)
			}
			refused(t, err, test.status, test.want)
		})
	}
}

func TestMatchTakesOneSlashAtTheEnd(t *testing.T) {
	op, err := qdrantrest.Match(http.MethodPost, "/collections/docs/points/query/")
	if err != nil || op.Method != pb.Points_Query_FullMethodName {
		t.Errorf("got %v (%v), want %s", op, err, pb.Points_Query_FullMethodName)
	}
}

// TestEveryMethodHasARoute compares the routes that the golden file uses with the services of the library: a new RPC
// must get a route, so that it is refused by policy and not by accident.
func TestEveryMethodHasARoute(t *testing.T) {
	routed := map[string]bool{}
	for _, r := range requests(t) {
		op, _, err := decode(t, r)
		if err != nil {
			t.Fatal(err)
		}
		routed[op.Method] = true
	}
	rpcs := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("qdrant", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				m := methods.Get(j)
				rpcs++
				if full := "/" + string(m.Parent().FullName()) + "/" + string(m.Name()); !routed[full] {
					t.Errorf("%s has no route, or no request in testdata/requests.txt", full)
				}
			}
		}
		return true
	})
	if rpcs == 0 {
		t.Error("no RPC was found")
	}
}
