package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// wire is one HTTP request. {c} stands for the collection, {id} and {id2} for ids of the victim, {v} for names of what is
// not the attacker's; in the control, for the physical names.
type wire struct {
	family, verb, path, body string
	header                   []string
	harmless                 string
}

const filterOfAll = `{"should":[{"key":"tenant_id","match":{"value":"` + victim + `"}},{"key":"color","match":{"any":["red","blue"]}}]}`

func reads() []wire {
	const q, p = "/collections/{c}/points/query", http.MethodPost
	return []wire{
		{family: "REST reads", verb: p, path: "/collections/{c}/points", body: `{"ids":[{id},{id2}],"with_payload":true,"with_vector":true}`},
		{family: "REST reads", verb: http.MethodGet, path: "/collections/{c}/points/{rawid}"},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/scroll", body: `{"filter":` + filterOfAll + `,"with_payload":true,"limit":100}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/scroll", body: `{"filter":{"must":{"has_id":[{id},{id2}]}},"with_payload":["tenant_id","secret"]}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/scroll", body: `{"offset":{id},"limit":1,"with_payload":true}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/count", body: `{"exact":false,"filter":` + filterOfAll + `}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/count", body: `{}`, harmless: "strict mode refuses exact counts"},
		{family: "REST reads", verb: p, path: "/collections/{c}/facet", body: `{"key":"tenant_id"}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/facet", body: `{"key":"\"tenant_id\"","exact":true}`, harmless: "the server has no index of that spelling"},
		{family: "REST reads", verb: p, path: "/collections/{c}/facet", body: `{"key":"secret","limit":1000}`},
		{family: "REST reads", verb: p, path: q, body: `{"query":{id},"with_payload":true,"filter":{"must":[{"key":"tenant_id","match":{"value":"` + mallory + `"}}]}}`},
		{family: "REST reads", verb: p, path: q, body: `{"query":{"recommend":{"positive":[{id}],"negative":{id2}}},"filter":{"must":[{"key":"tenant_id","match":{"value":"` + mallory + `"}}]}}`,
			harmless: "a single value in the place of a list is refused by the codec that the simulator shares"},
		{family: "REST reads", verb: p, path: q, body: `{"prefetch":{"query":[1,2,3,4],"filter":` + filterOfAll + `},"query":{"fusion":"rrf"},"with_payload":true}`},
		{family: "REST reads", verb: p, path: q, body: `{"query":{id},"lookup_from":{"collection":"{v}"},"filter":{"must":[{"key":"tenant_id","match":{"value":"` + mallory + `"}}]}}`},
		{family: "REST reads", verb: p, path: q, body: `{"query":{"indices":[1,424242],"values":[1,1]},"using":"text","params":{"idf":"global"},"filter":{"must":[{"key":"tenant_id","match":{"value":"` + mallory + `"}}]}}`},
		{family: "REST reads", verb: p, path: q, body: `{"query":{"indices":[1,424242],"values":[1,1]},"using":"text","params":{"idf":{"corpus":{}}},"filter":{"must":[{"key":"tenant_id","match":{"value":"` + mallory + `"}}]}}`},
		{family: "REST reads", verb: p, path: q + "/batch", body: `{"searches":[{"query":{id}},{"filter":` + filterOfAll + `,"with_payload":true}]}`, harmless: "the first item is refused for want of a tenant"},
		{family: "REST reads", verb: p, path: q + "/groups", body: `{"query":[1,2,3,4],"group_by":"x","with_lookup":"{v}","filter":{"must":[{"key":"tenant_id","match":{"value":"` + mallory + `"}}]}}`},
		{family: "REST reads", verb: p, path: q + "/groups", body: `{"query":[1,2,3,4],"group_by":"x","with_lookup":{"collection":"{v}","with_payload":true,"with_vectors":true},"filter":{"must":[{"key":"tenant_id","match":{"value":"` + mallory + `"}}]}}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/search", body: `{"vector":[-1,1,1,1],"limit":100,"with_payload":true}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/search/batch", body: `{"searches":[{"vector":[-1,1,1,1],"limit":100,"with_payload":true}]}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/search/groups", body: `{"vector":[-1,1,1,1],"limit":100,"group_size":9,"group_by":"secret","with_payload":true}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/recommend", body: `{"positive":[{id}],"limit":5,"with_payload":true}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/discover", body: `{"target":{id},"context":[{"positive":{id2},"negative":{id}}],"limit":5}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/search/matrix/pairs", body: `{"sample":100,"limit":5}`},
		{family: "REST reads", verb: p, path: "/collections/{c}/points/search/matrix/offsets", body: `{"sample":100,"limit":5,"using":"text"}`},
		{family: "REST reads", verb: http.MethodGet, path: "/collections/{c}"},
		{family: "REST reads", verb: http.MethodGet, path: "/collections/{c}/exists", harmless: "names nobody"},
		{family: "REST reads", verb: http.MethodGet, path: "/collections", harmless: "lists names, which the gateway answers itself"},
		{family: "REST reads", verb: http.MethodGet, path: "/aliases", harmless: "there are none"},
	}
}

func writes() []wire {
	const put, post = http.MethodPut, http.MethodPost
	return []wire{
		{family: "REST writes", verb: put, path: "/collections/{c}/points?wait=true", body: `{"points":[{"id":{id},"vector":[1,1,1,1],"payload":{"color":"red"}}]}`},
		{family: "REST writes", verb: put, path: "/collections/{c}/points?wait=true", body: `{"batch":{"ids":[{id}],"vectors":[[1,1,1,1]],"payloads":[null]}}`},
		{family: "F6 REST selectors", verb: put, path: "/collections/{c}/points?wait=true",
			body:     `{"points":[],"batch":{"ids":[{id}],"vectors":[[1,1,1,1]],"payloads":[{"tenant_id":"` + victim + `"}]}}`,
			harmless: "the codec that the simulator shares takes one of both"},
		{family: "REST writes", verb: post, path: "/collections/{c}/points/delete?wait=true", body: `{"points":[{id},{id2}]}`},
		{family: "REST writes", verb: post, path: "/collections/{c}/points/delete?wait=true", body: `{"filter":{}}`},
		{family: "F6 REST selectors", verb: post, path: "/collections/{c}/points/delete?wait=true", body: `{"points":[{id}],"filter":{"must":[{"key":"tenant_id","match":{"value":"` + mallory + `"}}]}}`,
			harmless: "the codec that the simulator shares takes one of both"},
		{family: "F6 REST selectors", verb: post, path: "/collections/{c}/points/vectors/delete?wait=true", body: `{"points":[{id}],"filter":{},"vector":["text"]}`,
			harmless: "the codec that the simulator shares takes one of both"},
		{family: "F6 REST selectors", verb: post, path: "/collections/{c}/points/payload?wait=true", body: `{"points":[{id}],"filter":{},"payload":{"color":"red"}}`,
			harmless: "the codec that the simulator shares takes one of both"},
		{family: "F6 REST selectors", verb: post, path: "/collections/{c}/points/payload/clear?wait=true", body: `{"filter":` + filterOfAll + `}`},
		{family: "F6 REST selectors", verb: post, path: "/collections/{c}/points/payload/delete?wait=true", body: `{"keys":["\"tenant_id\""],"points":[{id}]}`},
		{family: "REST writes", verb: put, path: "/collections/{c}/points/payload?wait=true", body: `{"payload":{},"points":[{id}]}`},
		{family: "REST writes", verb: post, path: "/collections/{c}/points/payload?wait=true", body: `{"payload":{"tenant_id":null},"filter":{}}`},
		{family: "REST writes", verb: put, path: "/collections/{c}/points/vectors?wait=true", body: `{"points":[{"id":{id},"vector":[1,1,1,1]}]}`},
		{family: "REST writes", verb: post, path: "/collections/{c}/points/batch?wait=true", body: `{"operations":[{"delete":{"points":[{id}]}}]}`},
		{family: "F6 REST selectors", verb: post, path: "/collections/{c}/points/batch?wait=true",
			body:     `{"operations":[{"delete":{"points":[1]},"clear_payload":{"filter":{}}}]}`,
			harmless: "the codec that the simulator shares takes one of both"},
	}
}

// spelledKeys are JSON that readers take differently: doubled keys, escapes, other cases, what is not asked for.
func spelledKeys() []wire {
	put, path := http.MethodPut, "/collections/{c}/points?wait=true"
	var out []wire
	for _, payload := range []string{
		`{"tenant_id":"` + mallory + `","tenant_id":"` + victim + `"}`, `{"tenant_id":"` + victim + `"}`, `{"\u0074enant_id":"` + victim + `"}`,
		`{"tenant_id":["` + mallory + `","` + victim + `"]}`, `{"tenant_id":null}`, `{"tenant_id":{"a":1}}`, `{"\"tenant_id\"":"` + victim + `"}`,
		`{"tenant_id.x":1}`, `{"TENANT_ID":"` + victim + `"}`, `{"tenant_id\u0000":"` + victim + `"}`, `{"corpus_id":"x"}`, `{"a":1e400}`, `{"a":"\ud800"}`,
		`{"tenant_id" :"` + victim + `"}`, `{"tenant\u005fid":"` + victim + `"}`,
	} {
		out = append(out, wire{family: "JSON spellings", verb: put, path: path, body: `{"points":[{"id":3,"vector":[1,1,1,1],"payload":` + payload + `}]}`})
	}
	for _, body := range []string{
		`{"points":[{"id":3,"ID":{id},"vector":[1,1,1,1]}]}`, `{"points":[{"id":3,"id":{id},"vector":[1,1,1,1]}]}`, `{"Points":[{"id":{id},"vector":[1,1,1,1]}]}`,
		`{"points":[{"id":3,"vector":[1,1,1,1]}]} {"points":[{"id":{id},"vector":[1,1,1,1]}]}`, `[{"points":[]}]`, `null`, `{"points":null}`, "\ufeff{}",
		`{"points":[{"id":3.0,"vector":[1,1,1,1]}]}`, `{"points":[{"id":"3","vector":[1,1,1,1]}]}`, `{"points":[{"id":-1,"vector":[1,1,1,1]}]}`,
		`{"points":[{"id":18446744073709551616,"vector":[1,1,1,1]}]}`, `{"points":[{"id":1e3,"vector":[1,1,1,1]}]}`,
		`{"shard_key":"` + victim + `","points":[{"id":3,"vector":[1,1,1,1]}]}`, `{"collection_name":"{v}","points":[{"id":3,"vector":[1,1,1,1]}]}`,
		`{"points":[{"id":3,"vector":{"text":"what does the victim have","model":"qdrant/bm25"}}]}`, strings.Repeat("[", 5000),
		`{"points":` + strings.Repeat(`{"a":`, 3000) + `1` + strings.Repeat("}", 3000) + `}`, `{"points":[/**/]}`, `{'points':[]}`,
	} {
		out = append(out, wire{family: "JSON spellings", verb: put, path: path, body: body})
	}
	for _, body := range []string{
		`{"filter":{"must":[{"key":"tenant_id","match":{"value":"` + victim + `"}}],"must":[]}}`, `{"filter":{"MUST":[]},"limit":100}`, `{"filter":null,"limit":100}`,
		`{"filter":{"must":[]},"Filter":{"must":[]}}`, `{"filter":[],"limit":1}`, `{"filter":{"must":[{}]},"limit":100}`, `{"filter":{"must_not":[null]}}`,
		`{"filter":{"nested":{"key":"parts","filter":{"must":[{"has_id":[{id}]}]}}}}`, `{"filter":{"must":[{"nested":{"key":"","filter":{}}}]}}`,
		`{"filter":{"must":[{"key":"color","match":{"value":"red"},"range":{"gte":0}}]},"with_payload":{"include":["tenant_id"]}}`,
		`{"filter":{"must":[{"slice":{"index":0,"total":1}}]}}`, `{"shard_key":["` + victim + `"]}`, `{"consistency":"all"}`, `{"limit":0}`, `{"limit":-1}`,
		`{"limit":99999999999999999999}`, `{"offset":{"num":1}}`, `{"order_by":{"key":"tenant_id"}}`, `{"order_by":"\"tenant_id\""}`,
	} {
		out = append(out, wire{family: "JSON spellings", verb: http.MethodPost, path: "/collections/{c}/points/scroll", body: body})
	}
	for i := range out {
		out[i].harmless = "readers differ; the simulated server reads as strictly as the gateway"
	}
	return out
}

// paths are spellings that Qdrant's router takes for others, and what it serves besides its documented API (F13).
func paths() []wire {
	var out []wire
	for _, path := range []string{
		"/collections/{v}/points/scroll", "//collections/{v}/points/scroll", "/collections//{v}/points/scroll", "/collections/{v}/points/scroll/",
		"/collections/docs/../{v}/points/scroll", "/collections/docs/%2e%2e/{v}/points/scroll", "/collections/docs%2f..%2f{v}/points/scroll",
		"/collections/%64ocs/points/scroll", "/collections/./docs/points/scroll", "/collections/docs/points/scroll%00", "/collections/docs;{v}/points/scroll",
		"/COLLECTIONS/{v}/points/scroll", "/collections/docs/points//scroll", "/collections/docs/shards/0/points/scroll", "/collections/{v}/shards/0/points/scroll",
		"/collections/docs/points/scroll?collection={v}", "/collections/docs/points/scroll?consistency=all&consistency=1", "/./collections/{v}/points/scroll",
		"/x/../collections/{v}/points/scroll", "/collections/docs/points/scroll?timeout=0", "/collections/docs%3f/points/scroll",
		"/collections/docs/points/..%5c..%5c{v}", "/collections/docs/points/scroll?api-key=" + "x", "/collections/%FF/points/scroll",
	} {
		out = append(out, wire{family: "paths", verb: http.MethodPost, path: path, body: `{"with_payload":true}`})
	}
	for _, route := range []string{
		"GET /telemetry", "GET /metrics", "GET /issues", "DELETE /issues", "GET /stacktrace", "GET /logger", "POST /logger", "GET /debugger", "PATCH /debugger",
		"GET /profiler/slow_requests", "POST /audit/logs", "GET /quotas", "PUT /quotas", "GET /dashboard", "GET /cluster", "POST /cluster/recover",
		"DELETE /cluster/peer/1", "GET /cluster/telemetry", "GET /cluster/metadata/keys", "GET /cluster/metadata/keys/a", "PUT /cluster/metadata/keys/a",
		"DELETE /cluster/metadata/keys/a", "GET /locks", "POST /locks", "GET /snapshots", "POST /snapshots", "GET /snapshots/a", "DELETE /snapshots/a",
		"GET /collections/{v}/snapshots", "POST /collections/{v}/snapshots", "GET /collections/{v}/snapshots/a", "DELETE /collections/{v}/snapshots/a",
		"POST /collections/{v}/snapshots/upload", "PUT /collections/{v}/snapshots/recover", "GET /collections/{v}/shards/0/snapshot",
		"GET /collections/{v}/shards/0/snapshots", "POST /collections/{v}/shards/0/snapshots", "PUT /collections/{v}/shards/0/snapshots/recover",
		"GET /collections/{v}/shards/0/snapshot/partial/manifest", "POST /collections/{v}/shards/0/snapshot/partial/create",
		"POST /collections/{v}/shards/0/points", "POST /collections/{v}/shards/0/points/scroll", "POST /collections/{v}/shards/0/points/count",
		"POST /collections/{v}/shards/0/cleanup", "GET /collections/{v}/shards/0/wal", "GET /collections/{v}/optimizations", "GET /collections/{v}/memory",
		"POST /collections/{v}/truncate_unapplied_wal", "POST /collections/{v}/debug", "PUT /collections/{v}/vectors/x", "DELETE /collections/{v}/vectors/text",
		"PUT /collections/{v}", "PATCH /collections/{v}", "DELETE /collections/{v}", "POST /collections/aliases", "PUT /collections/{v}/index",
		"DELETE /collections/{v}/index/tenant_id", "GET /collections/{v}/cluster", "POST /collections/{v}/cluster", "GET /collections/{v}/shards",
		"PUT /collections/{v}/shards", "POST /collections/{v}/shards/delete", "GET /collections/{v}/aliases", "TRACE /", "OPTIONS /collections", "HEAD /collections/{v}",
		"POST /collections/{v}/points/recommend", "BREW /collections",
	} {
		verb, path, _ := strings.Cut(route, " ")
		w := wire{family: "F13 REST only", verb: verb, path: path}
		if verb != http.MethodGet && verb != http.MethodHead && verb != "TRACE" {
			w.body = `{}`
		}
		out = append(out, w)
	}
	for i := range out {
		out[i].harmless = "each for itself may need more than this; see the controls of the family"
	}
	return out
}

func TestREST(t *testing.T) {
	a := newArena(t)
	crossed := map[string]bool{}
	for _, w := range append(append(append(reads(), writes()...), spelledKeys()...), paths()...) {
		for _, v := range a.views() {
			for _, x := range w.attempts(v) {
				a.try(t, byREST, x)
			}
		}
		once := false
		for _, x := range w.attempts(a.direct()) {
			c := a.crosses(t, x)
			book.control(w.family, c)
			once = once || c
		}
		crossed[w.family] = crossed[w.family] || once
		if !once && w.harmless == "" {
			t.Errorf("%s %s %s does not cross even without the gateway: is it an attack?", w.verb, w.path, w.body)
		}
	}
	for family, any := range crossed {
		if !any {
			t.Errorf("%s: nothing crosses without the gateway", family)
		}
	}
}

func (w wire) attempts(v view) []attempt {
	names := []string{""}
	if strings.Contains(w.path+w.body, "{v}") {
		names = v.elsewhere
	}
	var out []attempt
	for _, name := range names {
		id := func(i int) string {
			if s := v.ids[i%len(v.ids)]; s.GetUuid() != "" {
				return s.GetUuid()
			}
			return fmt.Sprint(v.ids[i%len(v.ids)].GetNum())
		}
		quoted := func(i int) string {
			if strings.Trim(id(i), "0123456789") == "" {
				return id(i)
			}
			return `"` + id(i) + `"`
		}
		fill := strings.NewReplacer("{c}", v.collection, "{v}", name, "{id}", quoted(0), "{id2}", quoted(1), "{rawid}", id(0))
		x := attempt{family: w.family, name: v.name, verb: w.verb, path: fill.Replace(w.path), body: fill.Replace(w.body), header: http.Header{}}
		for i := 0; i+1 < len(w.header); i += 2 {
			x.header.Add(w.header[i], w.header[i+1])
		}
		out = append(out, x)
	}
	return out
}
