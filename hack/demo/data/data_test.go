package data

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text string
		want []Passage
	}{
		"preamble only":        {text: "About this file.\n", want: nil},
		"preamble is left out": {text: "About.\n\n## One\nfirst\nline\n", want: []Passage{{Title: "One", Body: "first line"}}},
		"starts with a title":  {text: "## One\na\n\n## Two\nb c\n", want: []Passage{{"One", "a"}, {"Two", "b c"}}},
		"title without text":   {text: "## One", want: []Passage{{Title: "One"}}},
		"hashes inside a line": {text: "## One\nroom ## 7\n", want: []Passage{{"One", "room ## 7"}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, parse(tc.text)); diff != "" {
				t.Errorf("passages (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFiles keeps the demo's claims true: a few dozen short passages each, no text in two files, and the notice that the
// regulation's reuse asks for.
func TestFiles(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"acme-health", "blue-dental", "cedar-clinic", "gdpr"} {
		passages, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(passages) < 24 {
			t.Errorf("%s has %d passages, want a few dozen", name, len(passages))
		}
		for _, p := range passages {
			if p.Body == "" || p.Title == "" {
				t.Errorf("%s has a passage without title or text: %+v", name, p)
			}
			if other, ok := seen[p.Title]; ok {
				t.Errorf("%q stands in %s and in %s", p.Title, other, name)
			}
			seen[p.Title] = name
		}
	}
	if _, err := Load("nobody"); err == nil {
		t.Error("Load of an unknown name succeeded")
	}
	regulation, err := files.ReadFile("gdpr.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, notice := range []string{"© European Union", "2011/833/EU", "EUR-Lex"} {
		if !strings.Contains(string(regulation), notice) {
			t.Errorf("gdpr.md does not say %q", notice)
		}
	}
}
