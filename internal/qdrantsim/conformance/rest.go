package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
)

// RunREST runs the cases about Qdrant's REST API as subtests of t. The server's
// REST API answers at url, such as "http://127.0.0.1:6333"; target is the same
// server, by which the cases make their collections.
func RunREST(t *testing.T, target Target, url string) {
	t.Helper()
	if target.Mint == nil {
		target.Mint = SignHS256(target.APIKey)
	}
	groups := map[string]map[string]func(*rest){
		"envelope": restEnvelopeCases,
		"errors":   restErrorCases,
		"points":   restPointCases,
		"queries":  restQueryCases,
	}
	for group, cases := range groups {
		for name, run := range cases {
			t.Run(group+"/"+name, func(t *testing.T) { run(&rest{suite: newSuite(t, target), url: url}) })
		}
	}
}

// rest is what one case works with: the suite, and plain HTTP.
type rest struct {
	*suite
	url string
}

// reply is an HTTP answer.
type reply struct {
	status int
	kind   string // Content-Type
	body   []byte
}

// send sends a request with the API key; an empty body is none.
func (r *rest) send(method, path, body string) reply {
	r.Helper()
	return r.sendWith(http.Header{"Api-Key": {r.target.APIKey}}, method, path, body)
}

func (r *rest) sendWith(header http.Header, method, path, body string) reply {
	r.Helper()
	req, err := http.NewRequestWithContext(r.ctx, method, r.url+path, bytes.NewBufferString(body))
	r.must(err)
	req.Header = header.Clone()
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	r.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	r.must(err)
	return reply{status: resp.StatusCode, kind: resp.Header.Get("Content-Type"), body: text}
}

// result sends a request that succeeds and checks its result as JSON.
func (r *rest) result(method, path, body, want string) {
	r.Helper()
	got := r.ok(method, path, body)
	if diff := cmp.Diff(parse(r.T, []byte(want)), parse(r.T, got)); diff != "" {
		r.Errorf("%s %s %s (-want +got):\n%s", method, path, body, diff)
	}
}

// ok sends a request that succeeds and returns its result.
func (r *rest) ok(method, path, body string) json.RawMessage {
	r.Helper()
	got := r.send(method, path, body)
	if got.status != http.StatusOK {
		r.Fatalf("%s %s %s: got %d %s", method, path, body, got.status, got.body)
	}
	var envelope struct {
		Result json.RawMessage
		Status any
		Time   *float64
	}
	r.must(json.Unmarshal(got.body, &envelope))
	if envelope.Status != "ok" || envelope.Time == nil || *envelope.Time < 0 {
		r.Errorf("%s %s: not Qdrant's envelope: %s", method, path, got.body)
	}
	return envelope.Result
}

// parse keeps numbers as they are written, so that 1 is not 1.0.
func parse(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// colored makes a collection with points 1 to 4 and one with a UUID, whose
// vectors are (id, 1) and (0, 9), and an index on color. It returns its path.
func (r *rest) colored() string {
	r.Helper()
	c := r.plain()
	r.index(c, "color", nil)
	for id, color := range map[uint64]string{1: "red", 2: "green", 3: "red", 4: "blue"} {
		r.upsert(c, pt(id, map[string]any{"color": color}))
	}
	r.upsert(c, &qdrant.PointStruct{Id: qdrant.NewID(restUUID), Vectors: qdrant.NewVectors(0, 9), Payload: qdrant.NewValueMap(map[string]any{"color": "red"})})
	return "/collections/" + c
}

const restUUID = "6e1f4d2a-0b1c-4d3e-8f5a-6b7c8d9e0f1a"
