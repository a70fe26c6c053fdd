// Package jsclient runs the official JavaScript client, @qdrant/js-client-rest, against a server: what it sends and what
// it makes of the answers is what most users of the REST API get.
//
// The version is pinned in package.json. package-lock.json names no registry, so that npm asks the one it is set up for;
// after `npm install --package-lock-only`, remove the "resolved" fields again.
package jsclient

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantry/tenantry/hack/stack"
)

// Summary is what the workload prints when every assertion held.
type Summary struct {
	OK         bool     `json:"ok"`
	Collection string   `json:"collection"`
	Points     int      `json:"points"` // stored, and deleted again
	Steps      []string `json:"steps"`
}

// Steps are the steps of the workload, in order.
func Steps() []string {
	return []string{
		"version", "collections", "a collection that does not exist",
		"upsert of points", "upsert of a batch", "count",
		"retrieve", "scroll in pages", "scroll in order", "query a dense vector", "query with a filter and a threshold",
		"query by an id", "query a sparse vector", "hybrid query", "batch of queries", "recommend", "search", "groups",
		"facet", "matrix", "filters", "nearest with an axis of its own",
		"set payload", "set payload under a key", "overwrite payload", "delete payload", "clear payload",
		"update and delete vectors", "batch of updates", "delete by ids", "delete by a filter",
	}
}

// Run runs the workload with the REST API at url ("http://host:port") and the credential apiKey, and fails the test
// unless it runs to its end.
//
// The collection must exist and be empty; it is empty again afterwards. It needs one dense vector (unnamed or named,
// Cosine or Dot, at least 4 dimensions), one sparse vector without idf, and indexes on the payload fields color
// (Keyword) and n (Integer). The workload makes, changes and deletes points only.
func Run(t *testing.T, url, apiKey, collection string) Summary {
	t.Helper()
	node, modules, scripts := prepare(t)
	cmd := exec.CommandContext(t.Context(), node, filepath.Join(scripts, "workload.mjs")) //nolint:gosec // node, and a script of this directory
	cmd.Env = append(cmd.Environ(), "QDRANT_URL="+url, "QDRANT_API_KEY="+apiKey, "COLLECTION="+collection, "CLIENT_MODULES="+modules)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("the workload of the JavaScript client: %v\n%s%s", err, stdout.Bytes(), stderr.Bytes())
	}
	var s Summary
	if err := json.Unmarshal(stdout.Bytes(), &s); err != nil {
		t.Fatalf("the summary of the workload: %v\n%s", err, stdout.Bytes())
	}
	if diff := cmp.Diff(Steps(), s.Steps); diff != "" || !s.OK {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	return s
}

// prepare finds node, installs the client into the cache and says where the scripts are.
func prepare(t *testing.T) (node, modules, scripts string) {
	t.Helper()
	root, err := stack.RepoRoot()
	if err != nil {
		t.Fatal(err)
	}
	scripts = filepath.Join(root, "test", "jsclient")
	if node, err = stack.Node(context.Background()); err != nil {
		t.Fatal(err)
	}
	if modules, err = stack.NodeModules(context.Background(), scripts); err != nil {
		t.Fatal(err)
	}
	return node, modules, scripts
}
