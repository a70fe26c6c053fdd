package qdrantsim_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/qdrantsim"
	"github.com/tenantry/tenantry/internal/qdrantsim/conformance"
)

// TestRESTConformance runs against the simulator, or against the real server
// that QDRANT_ADDR, QDRANT_REST_URL and QDRANT_API_KEY name.
func TestRESTConformance(t *testing.T) {
	target := conformance.Target{Addr: os.Getenv("QDRANT_ADDR"), APIKey: os.Getenv("QDRANT_API_KEY")}
	url := os.Getenv("QDRANT_REST_URL")
	if target.Addr == "" || url == "" {
		s := startREST(t)
		target, url = conformance.Target{Addr: s.Addr(), APIKey: restKey}, s.RESTURL()
	}
	conformance.RunREST(t, target, url)
}

const restKey = "an-api-key-of-the-simulator"

func startREST(t *testing.T) *qdrantsim.Server {
	t.Helper()
	s, err := qdrantsim.Start(qdrantsim.Options{APIKey: restKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// send sends a request to the simulator's REST API.
func send(t *testing.T, s *qdrantsim.Server, key, method, path, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.RESTURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("api-key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestRESTIsRecorded: every request leaves a call, refused and malformed ones too.
func TestRESTIsRecorded(t *testing.T) {
	tests := map[string]struct {
		key, method, path, body string
		status                  int
		call, rest              string
		principal               qdrantsim.PrincipalKind
		restOnly                bool
	}{
		"an operation": {restKey, "GET", "/collections", "", 200, "/qdrant.Collections/List", "GET /collections", qdrantsim.PrincipalAPIKey, false},
		"repeated slashes": {restKey, "GET", "//collections//c/exists", "", 200, "/qdrant.Collections/CollectionExists", "GET /collections/c/exists",
			qdrantsim.PrincipalAPIKey, false},
		"escapes": {restKey, "GET", "/%63ollections/c/exists", "", 200, "/qdrant.Collections/CollectionExists", "GET /collections/c/exists",
			qdrantsim.PrincipalAPIKey, false},
		"a wrong key":    {"wrong", "GET", "/collections", "", 401, "/qdrant.Collections/List", "GET /collections", qdrantsim.PrincipalDenied, false},
		"a broken body":  {restKey, "POST", "/collections/c/points/query", "{", 400, "/qdrant.Points/Query", "POST /collections/c/points/query", qdrantsim.PrincipalAPIKey, false},
		"an unread body": {restKey, "PUT", "/collections/c", "{}", 405, "/qdrant.Collections/Create", "PUT /collections/c", qdrantsim.PrincipalAPIKey, false},
		"snapshots":      {restKey, "GET", "/snapshots", "", 200, "/qdrant.Snapshots/ListFull", "GET /snapshots", qdrantsim.PrincipalAPIKey, false},
		"telemetry":      {restKey, "GET", "/telemetry", "", 200, "REST GET /telemetry", "GET /telemetry", qdrantsim.PrincipalAPIKey, true},
		"metrics without a key": {"", "GET", "/metrics", "", 401, "REST GET /metrics", "GET /metrics",
			qdrantsim.PrincipalDenied, true},
		"a shard's points": {restKey, "POST", "/collections/c/shards/0/points/scroll", "{}", 200, "REST POST /collections/*/shards/*/points/scroll",
			"POST /collections/c/shards/0/points/scroll", qdrantsim.PrincipalAPIKey, true},
		"a snapshot's file": {restKey, "GET", "/collections/c/snapshots/s", "", 200, "REST GET /collections/*/snapshots/*",
			"GET /collections/c/snapshots/s", qdrantsim.PrincipalAPIKey, true},
	}
	s := startREST(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s.ResetCalls()
			if got := send(t, s, test.key, test.method, test.path, test.body); got != test.status {
				t.Errorf("got status %d, want %d", got, test.status)
			}
			calls := s.Calls()
			if len(calls) != 1 {
				t.Fatalf("got %d calls, want 1", len(calls))
			}
			c := calls[0]
			if c.Method != test.call || c.REST() != test.rest || c.Principal != test.principal || c.RESTOnly() != test.restOnly {
				t.Errorf("got %s, %q, %s, %t", c.Method, c.REST(), c.Principal, c.RESTOnly())
			}
			for _, values := range c.Metadata {
				if strings.Contains(strings.Join(values, " "), restKey) {
					t.Error("the key is in the record")
				}
			}
		})
	}
}

func TestRESTUnknownPathsAreNotFound(t *testing.T) {
	s := startREST(t)
	if got := send(t, s, restKey, "GET", "/telemetry/x", ""); got != http.StatusNotFound {
		t.Errorf("got %d, want 404", got)
	}
}
