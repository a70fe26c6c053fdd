package stack_test

import (
	"context"
	"net"
	"strconv"
	"testing"

	"github.com/qdrant/go-client/qdrant"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestQdrantWantsItsKey(t *testing.T) {
	q := stacktest.Qdrant(t)
	tests := map[string]struct {
		key  string
		want codes.Code
	}{
		"its own": {key: q.APIKey, want: codes.OK},
		"another": {key: "another", want: codes.Unauthenticated},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := listCollections(t, q.Addr, test.key)
			if got := status.Code(err); got != test.want {
				t.Errorf("got %v (%v), want %v", got, err, test.want)
			}
		})
	}
}

func TestQdrantThatIsNamedIsUsedAndLeftAlone(t *testing.T) {
	running := stacktest.Qdrant(t)
	t.Setenv("QDRANT_ADDR", running.Addr)
	t.Setenv("QDRANT_API_KEY", running.APIKey)
	named := stacktest.NewQdrant(t, stack.QdrantOptions{JWT: true})
	if named.Addr != running.Addr || named.APIKey != running.APIKey || named.Simulated {
		t.Errorf("got %s, simulated %t, want the server of QDRANT_ADDR, %s", named.Addr, named.Simulated, running.Addr)
	}
	named.Stop()
	if _, err := listCollections(t, running.Addr, running.APIKey); err != nil {
		t.Errorf("the named server was stopped: %v", err)
	}
}

func listCollections(t *testing.T, addr, key string) ([]string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	must(t, err)
	number, err := strconv.Atoi(port)
	must(t, err)
	c, err := qdrant.NewClient(&qdrant.Config{Host: host, Port: number, APIKey: key, SkipCompatibilityCheck: true})
	must(t, err)
	defer func() { _ = c.Close() }()
	return c.ListCollections(context.Background())
}
