package qdrantsim

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// restOnlyRoutes are what Qdrant serves over REST alone: operators' routes that
// show or change what belongs to everybody. Here they succeed, do nothing and
// are recorded, so that a test can prove that nobody reached them. "*" stands
// for one segment.
var restOnlyRoutes = []string{
	"GET /telemetry", "GET /metrics", "GET /issues", "DELETE /issues", "GET /stacktrace", "GET /logger", "POST /logger",
	"GET /debugger", "PATCH /debugger", "GET /profiler/slow_requests", "POST /audit/logs", "GET /quotas", "PUT /quotas",
	"GET /dashboard",

	"GET /cluster", "POST /cluster/recover", "DELETE /cluster/peer/*", "GET /cluster/telemetry",
	"GET /cluster/metadata/keys", "GET /cluster/metadata/keys/*", "PUT /cluster/metadata/keys/*",
	"DELETE /cluster/metadata/keys/*", "GET /locks", "POST /locks",

	"GET /snapshots/*", "GET /collections/*/snapshots/*", "POST /collections/*/snapshots/upload",
	"PUT /collections/*/snapshots/recover",

	"GET /collections/*/shards/*/snapshot", "GET /collections/*/shards/*/snapshots", "POST /collections/*/shards/*/snapshots",
	"PUT /collections/*/shards/*/snapshots/recover", "POST /collections/*/shards/*/snapshots/upload",
	"GET /collections/*/shards/*/snapshots/*", "DELETE /collections/*/shards/*/snapshots/*",
	"POST /collections/*/shards/*/snapshot/partial/create", "POST /collections/*/shards/*/snapshot/partial/recover",
	"POST /collections/*/shards/*/snapshot/partial/recover_from", "GET /collections/*/shards/*/snapshot/partial/manifest",
	"POST /collections/*/shards/*/points", "POST /collections/*/shards/*/points/scroll",
	"POST /collections/*/shards/*/points/count", "POST /collections/*/shards/*/cleanup",
	"GET /collections/*/shards/*/wal", "GET /collections/*/shards/*/recovery_point",

	"GET /collections/*/optimizations", "GET /collections/*/memory", "POST /collections/*/truncate_unapplied_wal",
	"POST /collections/*/debug", "PUT /collections/*/vectors/*", "DELETE /collections/*/vectors/*",
}

// restOnlyPrefix begins the Method of a recorded call to such a route.
const restOnlyPrefix = "REST "

// RESTOnly says that the call went to a route that Qdrant serves over REST
// alone, such as /telemetry; its Method is then "REST GET /telemetry", with "*"
// for names.
func (c Call) RESTOnly() bool { return strings.HasPrefix(c.Method, restOnlyPrefix) }

// restOnly finds the route of a request, as the Method of its call.
func restOnly(httpMethod, path string) (string, bool) {
	got := strings.Split(httpMethod+" "+strings.TrimSuffix(path, "/"), "/")
	for _, route := range restOnlyRoutes {
		if matches(strings.Split(route, "/"), got) {
			return restOnlyPrefix + route, true
		}
	}
	return "", false
}

func matches(pattern, got []string) bool {
	if len(pattern) != len(got) {
		return false
	}
	for i := range pattern {
		if pattern[i] != "*" && pattern[i] != got[i] {
			return false
		}
	}
	return true
}

func (r *restServer) serveRESTOnly(ctx context.Context, w http.ResponseWriter, method string, start time.Time) {
	if _, err := r.s.admit(ctx, method, nil); err != nil {
		failPlain(w, err)
		return
	}
	if err := r.s.inject(ctx, method, nil); err != nil {
		fail(w, err, start)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"result":true,"status":"ok","time":0.0}`))
}
