package bench

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/tenantry/tenantry/internal/boundary"
)

// api stands beside the layers as the fourth server that is counted.
const api = boundary.Layer("API")

// servers that round trips are counted for, in the order in which they are reported.
var order = []boundary.Layer{boundary.Rows, boundary.Cache, boundary.Vector, api}

// trips are round trips to one server.
type trips struct{ reads, writes int }

func (t trips) total() int { return t.reads + t.writes }

// counts of round trips. It is safe for concurrent use.
type counts struct {
	mu     sync.Mutex
	server map[boundary.Layer]trips
	name   map[string]int
}

// backend is a connect.Hooks.Trace.
func (c *counts) backend(layer boundary.Layer, kind, name string) {
	word, _, _ := strings.Cut(name, " ")
	c.add(layer, kind == "write", word)
}

func (c *counts) add(server boundary.Layer, write bool, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		c.server, c.name = map[boundary.Layer]trips{}, map[string]int{}
	}
	t := c.server[server]
	if write {
		t.writes++
	} else {
		t.reads++
	}
	c.server[server] = t
	c.name[fmt.Sprintf("%s %s %s", server, map[bool]string{true: "write", false: "read"}[write], what)]++
}

// take returns what was counted until now.
func (c *counts) take() map[boundary.Layer]trips {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.server)
}

// writes is how many round trips wrote something anywhere.
func (c *counts) writes() int {
	n := 0
	for _, t := range c.take() {
		n += t.writes
	}
	return n
}

// breakdown lists what was counted by name, one a line.
func (c *counts) breakdown() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.name)) {
		fmt.Fprintf(&b, "\n  %6d %s", c.name[name], name)
	}
	return b.String()
}

// counted counts requests to the API server. A watch counts once, however long it lasts.
type counted struct {
	next   http.RoundTripper
	counts *counts
}

func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.counts.add(api, r.Method != http.MethodGet, strings.ToLower(r.Method)+" "+resource(r.URL.Path))
	return c.next.RoundTrip(r)
}

// resource of a request's path, such as "tenants/status".
func resource(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		parts = parts[3:]
	default:
		return "discovery"
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		parts = parts[2:]
	}
	if len(parts) > 2 {
		return parts[0] + "/" + parts[2]
	}
	return parts[0]
}
