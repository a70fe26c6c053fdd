package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

func TestTextHelpers(t *testing.T) {
	tests := map[string]struct{ got, want any }{
		"what a person types":        {line([]string{"get", "pods", "-o", "jsonpath={.a}"}), "kubectl get pods -o 'jsonpath={.a}'"},
		"a quote in what is typed":   {line([]string{"get", "it's {a}"}), `kubectl get "it's {a}"`},
		"applied objects":            {tally("crd.apiextensions.k8s.io/a x\ncrd.apiextensions.k8s.io/b x\nnamespace/c x\n"), "applied: 2 crd, 1 namespace"},
		"words of a Redis command":   {arguments(`EVAL "return 1" 0 k`), []any{"EVAL", "return 1", "0", "k"}},
		"a script for psql":          {script{path: "a.sql", secrets: map[string]string{"password": "'x'"}}.input(), "\\set password '''x'''\n\\i a.sql\n"},
		"a short text":               {beginning("short"), "short"},
		"a long text":                {beginning("Subcutaneous insulin is drawn up only after two nurses have read the dose"), "Subcutaneous insulin is drawn up only after two nurses have …"},
		"a field of JSON":            {field(`{"gitVersion":"v1"}`, "gitVersion"), "v1"},
		"a field that is not there":  {field(`{}`, "gitVersion"), ""},
		"an error by REST":           {restError(`{"status":{"error":"Not found"},"time":0}`), "Not found"},
		"an answer by REST":          {restError(`{"status":"ok"}`), `{"status":"ok"}`},
		"points of one tenant":       {described([]*qdrant.RetrievedPoint{point("a", "source"), point("a", "source")}), "2 points, all of a"},
		"points of two tenants":      {described([]*qdrant.RetrievedPoint{point("a", "source"), point("b", "source")}), "2 points, all of a and b"},
		"a platform's key":           {described([]*qdrant.RetrievedPoint{point("a", "source", "tenant_id")}), "1 points, all of a with tenant_id"},
		"no points":                  {described([]*qdrant.RetrievedPoint{}), "0 points"},
		"somebody else's collection": {usedByDemo("tenant_acme_notes"), false},
		"a collection of the demo":   {usedByDemo("tenant_acme-health_protocols"), true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// point has one value under every key.
func point(value string, keys ...string) *qdrant.RetrievedPoint {
	payload := map[string]any{}
	for _, key := range keys {
		payload[key] = value
	}
	return &qdrant.RetrievedPoint{Payload: qdrant.NewValueMap(payload)}
}

func TestRESTSources(t *testing.T) {
	got, err := restSources(`{"result":{"points":[{"id":1,"payload":{"source":"a"}}]},"status":"ok"}`)
	if diff := cmp.Diff([]string{"a"}, got); err != nil || diff != "" {
		t.Errorf("sources (-want +got): %v\n%s", err, diff)
	}
	if _, err := restSources("no JSON"); err == nil {
		t.Error("what is no JSON was accepted")
	}
}

func TestWithoutKind(t *testing.T) {
	got, err := withoutKind("kind: Namespace\n---\nkind: Deployment\nspec: {}\n---\nkind: Role\n", "Deployment")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("kind: Namespace\n---\nkind: Role\n", got); diff != "" {
		t.Errorf("manifests (-want +got):\n%s", diff)
	}
	if _, err := withoutKind("kind: [\n", "Deployment"); err == nil {
		t.Error("what is no YAML was accepted")
	}
}

// TestTimeless: what moves with the clock is left out, everything else is compared.
func TestTimeless(t *testing.T) {
	item := func(version, audited, message string) map[string]any {
		return map[string]any{
			"metadata": map[string]any{"name": "a", "resourceVersion": version},
			"status":   map[string]any{"lastAuditTime": audited, "lastProbeTime": audited, "message": message},
		}
	}
	before := timeless(item("1", "noon", "fine"))
	if diff := cmp.Diff(before, timeless(item("2", "one", "fine"))); diff != "" {
		t.Errorf("the clock makes a difference:\n%s", diff)
	}
	if cmp.Equal(before, timeless(item("1", "noon", "broken"))) {
		t.Error("a changed message makes no difference")
	}
}

// TestJudgeRedis: only the server's refusal with the expected code counts as a boundary that held.
func TestJudgeRedis(t *testing.T) {
	tests := map[string]struct {
		reply error
		held  bool
	}{
		"refused":               {redisError("NOPERM no"), true},
		"refused for no reason": {redisError("ERR syntax error"), false},
		"answered":              {nil, false},
		"not answered":          {errTest("connection reset"), false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := judgeRedis("NOPERM", []string{"GET k"}, func(string) (any, error) { return "v", tc.reply })
			if held := err == nil; held != tc.held {
				t.Errorf("held is %t, want %t: %v", held, tc.held, err)
			}
		})
	}
}

// TestProven: a round counts once all of it could be tried, the gateway too, and nothing got through.
func TestProven(t *testing.T) {
	rows := tenantryv1.ProbeEvidence{Layer: "Rows", Attempt: "reads its own rows", Result: "Passed"}
	gate := tenantryv1.ProbeEvidence{Layer: "Vector", Attempt: "gateway: lists collections of others", Result: "Passed"}
	through := tenantryv1.ProbeEvidence{Layer: "Vector", Attempt: gate.Attempt, Result: "Failed", Answer: "one that is not the tenant's"}
	tests := map[string]struct {
		probe           *tenantryv1.ProbeStatus
		proven, crossed bool
	}{
		"nothing yet":            {},
		"all of it":              {probe: &tenantryv1.ProbeStatus{Passed: 2, Evidence: []tenantryv1.ProbeEvidence{rows, gate}}, proven: true},
		"before the gateway":     {probe: &tenantryv1.ProbeStatus{Passed: 1, Void: 1, Evidence: []tenantryv1.ProbeEvidence{gate, rows}}},
		"before its Secret":      {probe: &tenantryv1.ProbeStatus{Passed: 1, Evidence: []tenantryv1.ProbeEvidence{rows}}},
		"something got through":  {probe: &tenantryv1.ProbeStatus{Passed: 1, Failed: 1, Evidence: []tenantryv1.ProbeEvidence{through, rows}}, crossed: true},
		"through and not proven": {probe: &tenantryv1.ProbeStatus{Failed: 1, Void: 4, Evidence: []tenantryv1.ProbeEvidence{through}}, crossed: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			proven, err := proven(acme, tc.probe)
			if proven != tc.proven || (err != nil) != tc.crossed {
				t.Errorf("proven is %t, want %t; error %v", proven, tc.proven, err)
			}
		})
	}
}

type redisError string

func (e redisError) Error() string { return string(e) }
func (redisError) RedisError()     {}

type errTest string

func (e errTest) Error() string { return string(e) }
