package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const exposition = `# HELP changes_total Changes.
# TYPE changes_total counter
changes_total{layer="Rows",kind="Missing"} 3
changes_total{layer="Cache",kind="Missing"} 4
changes_total_other 9
up 1
`

func TestSum(t *testing.T) {
	s, err := parseSeries(strings.NewReader(exposition))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		name   string
		labels []string
		want   float64
	}{
		"all of a name":    {"changes_total", nil, 7},
		"with a label":     {"changes_total", []string{`layer="Rows"`}, 3},
		"with two":         {"changes_total", []string{`layer="Rows"`, `kind="Missing"`}, 3},
		"with another one": {"changes_total", []string{`layer="Vector"`}, 0},
		"without labels":   {"up", nil, 1},
		"unknown":          {"down", nil, 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, s.sum(tc.name, tc.labels...)); diff != "" {
				t.Errorf("sum (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseSeriesRefusesWhatIsNoMetric(t *testing.T) {
	if _, err := parseSeries(strings.NewReader("<html> no\n")); err == nil {
		t.Error("a page that holds no metrics was accepted")
	}
}
