package conformance

import (
	"encoding/json"
	"strings"
)

var restPointCases = map[string]func(*rest){
	"types survive": func(r *rest) {
		c := "/collections/" + r.plain()
		payload := `{"b":true,"f":1.0,"i":9007199254740993,"l":[1,1.5,"x",null,{}],"n":null,"o":{"":{"t":"é\u0000"}},"s":"a"}`
		r.ok("PUT", c+"/points?wait=true", `{"points":[{"id":18446744073709551615,"vector":[0.1,1],"payload":`+payload+`}]}`)
		r.result("POST", c+"/points", `{"ids":[18446744073709551615],"with_payload":true,"with_vector":true}`,
			`[{"id":18446744073709551615,"payload":`+payload+`,"vector":[0.1,1.0]}]`)
	},
	"one point": func(r *rest) {
		c := r.colored()
		r.result("GET", c+"/points/1", "", `{"id":1,"payload":{"color":"red"},"vector":[1.0,1.0]}`)
		r.result("GET", c+"/points/"+restUUID, "", `{"id":"`+restUUID+`","payload":{"color":"red"},"vector":[0.0,9.0]}`)
	},
	"what is not asked for is absent": func(r *rest) {
		r.result("POST", r.colored()+"/points", `{"ids":[1,`+"\""+restUUID+"\""+`,99],"with_payload":false}`, `[{"id":1},{"id":"`+restUUID+`"}]`)
	},
	"a batch of points": func(r *rest) {
		c := "/collections/" + r.plain()
		r.ok("PUT", c+"/points?wait=true", `{"batch":{"ids":[1,2],"vectors":[[1,0],[0,1]],"payloads":[{"a":1},null]}}`)
		r.result("POST", c+"/points", `{"ids":[1,2],"with_payload":true}`, `[{"id":1,"payload":{"a":1}},{"id":2,"payload":{}}]`)
	},
	"pages": func(r *rest) {
		c := r.colored()
		r.result("POST", c+"/points/scroll", `{"limit":2,"with_payload":false}`, `{"points":[{"id":1},{"id":2}],"next_page_offset":3}`)
		r.result("POST", c+"/points/scroll", `{"limit":1,"offset":4,"with_payload":false}`, `{"points":[{"id":4}],"next_page_offset":"`+restUUID+`"}`)
		r.result("POST", c+"/points/scroll", `{"offset":"`+restUUID+`","with_payload":{"exclude":["color"]}}`,
			`{"points":[{"id":"`+restUUID+`","payload":{}}],"next_page_offset":null}`)
	},
	"an update says what became of it": func(r *rest) {
		c := r.colored()
		for query, want := range map[string]string{"": "acknowledged", "?wait=false": "acknowledged", "?wait=true": "completed"} {
			var result struct{ Status string }
			r.must(json.Unmarshal(r.ok("POST", c+"/points/payload"+query, `{"payload":{"a":1},"points":[1]}`), &result))
			if result.Status != want {
				r.Errorf("with %q: got %q, want %q", query, result.Status, want)
			}
		}
	},
	"payload edits": func(r *rest) {
		c := r.colored()
		edit := func(method, path, body, want string) {
			r.Helper()
			r.ok(method, c+"/points/payload"+path+"?wait=true", body)
			r.result("POST", c+"/points", `{"ids":[1],"with_payload":true}`, `[{"id":1,"payload":`+want+`}]`)
		}
		edit("POST", "", `{"payload":{"a":{"b":1}},"points":[1]}`, `{"color":"red","a":{"b":1}}`)
		edit("POST", "", `{"payload":{"c":2},"key":"a","filter":{"must":{"has_id":[1]}}}`, `{"color":"red","a":{"b":1,"c":2}}`)
		edit("POST", "", `{"payload":{"color":null},"points":[1]}`, `{"a":{"b":1,"c":2}}`)
		edit("PUT", "", `{"payload":{"x":1,"y":2},"points":[1]}`, `{"x":1,"y":2}`)
		edit("POST", "/delete", `{"keys":["x"],"points":[1]}`, `{"y":2}`)
		edit("POST", "/clear", `{"points":[1]}`, `{}`)
	},
	"a batch of updates": func(r *rest) {
		c := r.colored()
		var results []struct{ Status string }
		r.must(json.Unmarshal(r.ok("POST", c+"/points/batch?wait=true", `{"operations":[
			{"upsert":{"points":[{"id":10,"vector":[1,1]}]}},{"set_payload":{"payload":{"n":1},"points":[10]}},
			{"delete":{"filter":{"must":[{"key":"color","match":{"any":["red","blue"]}}]}}}]}`), &results))
		if len(results) != 3 || results[2].Status != "completed" {
			r.Errorf("got %+v", results)
		}
		r.result("POST", c+"/points/scroll", `{}`,
			`{"points":[{"id":2,"payload":{"color":"green"}},{"id":10,"payload":{"n":1}}],"next_page_offset":null}`)
	},
	"vectors": func(r *rest) {
		c := r.colored()
		r.ok("PUT", c+"/points/vectors?wait=true", `{"points":[{"id":1,"vector":[5,6]}]}`)
		r.result("POST", c+"/points", `{"ids":[1],"with_payload":false,"with_vector":true}`, `[{"id":1,"vector":[5.0,6.0]}]`)
	},
	"deletion": func(r *rest) {
		c := r.colored()
		r.ok("POST", c+"/points/delete?wait=true", `{"points":[1,"`+strings.ToUpper(restUUID)+`"]}`)
		r.result("POST", c+"/points/count", `{"filter":{}}`, `{"count":3}`)
	},
	"facets and counts": func(r *rest) {
		c := r.colored()
		r.result("POST", c+"/points/count", `{"filter":{"must":{"key":"color","match":{"value":"red"}}}}`, `{"count":3}`)
		r.result("POST", c+"/facet", `{"key":"color","limit":1,"exact":true}`, `{"hits":[{"value":"red","count":3}]}`)
	},
}

var restQueryCases = map[string]func(*rest){
	"by a vector": func(r *rest) {
		c := r.colored()
		r.found(r.ok("POST", c+"/points/query", `{"query":[1,0],"limit":2,"with_payload":true}`), `[[4,4.0,{"color":"blue"}],[3,3.0,{"color":"red"}]]`)
	},
	"by an id": func(r *rest) {
		c := r.colored()
		r.found(r.ok("POST", c+"/points/query", `{"query":4,"limit":1}`), `[[3,13.0,null]]`)
		r.found(r.ok("POST", c+"/points/query", `{"query":"`+restUUID+`","limit":1,"filter":{"must_not":{"has_id":[1,2,3]}}}`), `[[4,9.0,null]]`)
	},
	"in a batch": func(r *rest) {
		var results []json.RawMessage
		r.must(json.Unmarshal(r.ok("POST", r.colored()+"/points/query/batch", `{"searches":[{"query":[1,0],"limit":1},{"query":[0,1],"limit":1}]}`), &results))
		if len(results) != 2 {
			r.Fatalf("got %d results", len(results))
		}
		r.found(results[0], `[[4,4.0,null]]`)
		r.found(results[1], `[["`+restUUID+`",9.0,null]]`)
	},
	"in groups": func(r *rest) {
		var result struct {
			Groups []struct {
				ID   string
				Hits []struct{ ID any }
			}
		}
		r.must(json.Unmarshal(r.ok("POST", r.colored()+"/points/query/groups", `{"query":[1,0],"group_by":"color","group_size":1,"limit":2}`), &result))
		if len(result.Groups) != 2 || result.Groups[0].ID != "blue" || result.Groups[1].ID != "red" || len(result.Groups[1].Hits) != 1 {
			r.Errorf("got %+v", result)
		}
	},
	"with prefetches and fusion": func(r *rest) {
		got := r.ok("POST", r.colored()+"/points/query", `{"prefetch":[{"query":[1,0],"limit":2},{"query":[1,0],"limit":2}],"query":{"fusion":"rrf"},"limit":1}`)
		r.found(got, `[[4,1.0,null]]`)
	},
}

// found checks the points of a query, as [id, score, payload] each.
func (r *rest) found(result json.RawMessage, want string) {
	r.Helper()
	var points struct {
		Points []struct {
			ID, Score, Payload json.RawMessage
			Version            *uint64
		}
	}
	r.must(json.Unmarshal(result, &points))
	rows := [][3]json.RawMessage{}
	for _, p := range points.Points {
		if p.Version == nil {
			r.Errorf("no version in %s", result)
		}
		if p.Payload == nil {
			p.Payload = json.RawMessage("null")
		}
		rows = append(rows, [3]json.RawMessage{p.ID, p.Score, p.Payload})
	}
	got, err := json.Marshal(rows)
	r.must(err)
	if string(got) != want {
		r.Errorf("got %s, want %s", got, want)
	}
}
