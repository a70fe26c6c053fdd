package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
)

var restEnvelopeCases = map[string]func(*rest){
	"the root has no envelope": func(r *rest) {
		got := r.send(http.MethodGet, "/", "")
		var root struct{ Title, Version string }
		r.must(json.Unmarshal(got.body, &root))
		if root.Title != "qdrant - vector search engine" || root.Version == "" {
			r.Errorf("got %s", got.body)
		}
	},
	"health needs no key": func(r *rest) {
		for path, want := range map[string]string{"/healthz": "healthz check passed", "/livez": "healthz check passed", "/readyz": "all shards are ready"} {
			got := r.sendWith(http.Header{}, http.MethodGet, path, "")
			if got.status != http.StatusOK || string(got.body) != want || !strings.HasPrefix(got.kind, "text/plain") {
				r.Errorf("%s: got %d %s %q, want %q", path, got.status, got.kind, got.body, want)
			}
		}
	},
	"a bearer token is a key": func(r *rest) {
		got := r.sendWith(http.Header{"Authorization": {"Bearer " + r.target.APIKey}}, http.MethodGet, "/collections", "")
		if got.status != http.StatusOK {
			r.Errorf("got %d %s", got.status, got.body)
		}
	},
	"existence": func(r *rest) {
		r.result("GET", r.colored()+"/exists", "", `{"exists":true}`)
		r.result("GET", "/collections/"+r.name("none")+"/exists", "", `{"exists":false}`)
	},
	"information": func(r *rest) {
		var info struct {
			Status          string
			OptimizerStatus string `json:"optimizer_status"`
			Config          struct {
				Params struct {
					Vectors struct {
						Size     int
						Distance string
					}
				}
			}
			PayloadSchema map[string]struct {
				DataType string `json:"data_type"`
			} `json:"payload_schema"`
		}
		r.must(json.Unmarshal(r.ok("GET", r.colored(), ""), &info))
		vectors := info.Config.Params.Vectors
		if info.Status == "" || info.OptimizerStatus != "ok" || vectors.Size != 2 || vectors.Distance != "Dot" || info.PayloadSchema["color"].DataType != "keyword" {
			r.Errorf("got %+v", info)
		}
	},
	"one slash at the end": func(r *rest) { r.result("POST", r.colored()+"/points/count/", `{}`, `{"count":5}`) },
}

var restErrorCases = map[string]func(*rest){
	"no credential is plain text": func(r *rest) {
		got := r.sendWith(http.Header{}, http.MethodGet, "/collections", "")
		r.plainError(got, http.StatusUnauthorized, "Must provide an API key or an Authorization bearer token")
	},
	"a wrong key is plain text": func(r *rest) {
		got := r.sendWith(http.Header{"Api-Key": {"wrong"}}, http.MethodGet, "/collections", "")
		r.plainError(got, http.StatusUnauthorized, "Invalid API key or JWT")
	},
	"a token without the right": func(r *rest) {
		path := r.colored()
		token, err := r.target.Mint(map[string]any{"access": []map[string]any{{"collection": r.name("other"), "access": "r"}}})
		r.must(err)
		got := r.sendWith(http.Header{"Api-Key": {token}}, http.MethodPost, path+"/points/count", `{}`)
		r.jsonError(got, http.StatusForbidden, "Access to collection "+strings.TrimPrefix(path, "/collections/")+" is required")
	},
	"a collection that does not exist": func(r *rest) {
		name := r.name("none")
		got := r.send("POST", "/collections/"+name+"/points/count", `{}`)
		r.jsonError(got, http.StatusNotFound, "Not found: Collection `"+name+"` doesn't exist!")
	},
	"a point that does not exist": func(r *rest) {
		got := r.send("GET", r.colored()+"/points/99", "")
		r.jsonError(got, http.StatusNotFound, "Not found: Point with id 99 does not exists!")
	},
	"a wrong dimension": func(r *rest) {
		got := r.send("PUT", r.colored()+"/points?wait=true", `{"points":[{"id":9,"vector":[1,2,3]}]}`)
		r.jsonError(got, http.StatusBadRequest, "Wrong input: Vector dimension error: expected dim: 2, got 3")
	},
	"text that is not JSON": func(r *rest) {
		r.jsonError(r.send("POST", r.colored()+"/points/count", `{"filter":`), http.StatusBadRequest, "Format error in JSON body")
	},
	"a limit of 0": func(r *rest) {
		r.jsonError(r.send("POST", r.colored()+"/points/query", `{"limit":0}`), http.StatusUnprocessableEntity, "Validation error in JSON body")
	},
	"a key twice": func(r *rest) {
		r.jsonError(r.send("POST", r.colored()+"/points/query", `{"limit":1,"limit":2}`), http.StatusBadRequest, "Format error in JSON body")
	},
	"an unknown key of a filter": func(r *rest) {
		r.jsonError(r.send("POST", r.colored()+"/points/count", `{"filter":{"most":[]}}`), http.StatusBadRequest, "Format error in JSON body")
	},
}

func (r *rest) plainError(got reply, status int, text string) {
	r.Helper()
	if got.status != status || strings.TrimSpace(string(got.body)) != text {
		r.Errorf("got %d %q, want %d %q", got.status, got.body, status, text)
	}
}

// jsonError checks a status and that the error says the words.
func (r *rest) jsonError(got reply, status int, words string) {
	r.Helper()
	var body struct {
		Status struct{ Error string }
		Time   *float64
		Result any
	}
	if err := json.Unmarshal(got.body, &body); err != nil {
		r.Fatalf("got %d %q: %v", got.status, got.body, err)
	}
	if got.status != status || !strings.Contains(body.Status.Error, words) || body.Time == nil || body.Result != nil {
		r.Errorf("got %d %s, want %d and %q", got.status, got.body, status, words)
	}
}
