package embed_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/hack/demo/data"
	"github.com/tenantry/tenantry/hack/demo/embed"
)

func dot(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestShape(t *testing.T) {
	tests := map[string]struct {
		text   string
		length float64
	}{
		"words":       {"Two nurses read the dose aloud", 1},
		"one word":    {"insulin", 1},
		"nothing":     {"", 0},
		"punctuation": {"?! …", 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			v := embed.Text(tc.text)
			if len(v) != embed.Dimension {
				t.Fatalf("%d dimensions, want %d", len(v), embed.Dimension)
			}
			if got := math.Sqrt(dot(v, v)); math.Abs(got-tc.length) > 1e-6 {
				t.Errorf("length %g, want %g", got, tc.length)
			}
		})
	}
}

func TestWhatDoesNotMatter(t *testing.T) {
	want := embed.Text("insulin dose chart")
	for name, text := range map[string]string{
		"case":              "Insulin DOSE chart",
		"punctuation":       "insulin, dose: chart!",
		"words for grammar": "the insulin and the dose of a chart",
		"plural":            "insulin doses charts",
	} {
		if diff := cmp.Diff(want, embed.Text(text)); diff != "" {
			t.Errorf("%s changed the vector (-want +got):\n%s", name, diff)
		}
	}
}

func TestOrderOfWordsMatters(t *testing.T) {
	if got := dot(embed.Text("nurse calls physician"), embed.Text("physician calls nurse")); got > 0.95 {
		t.Errorf("two orders of the same words are %g alike, want less than 0.95", got)
	}
}

// TestHitsMakeSense holds the questions that the demo asks: the passage that answers it comes first.
func TestHitsMakeSense(t *testing.T) {
	tests := map[string]struct{ file, question, want string }{
		"insulin": {"acme-health", "Who has to check an insulin dose before the injection?", "Insulin double check"},
		"implant": {"blue-dental", "How often are implant patients seen in the first year?", "Recall interval after implants"},
		"record":  {"cedar-clinic", "A patient asks for a copy of the record. What does the reception desk do?", "Patient asks for a copy of the record"},
		"breach": {
			"gdpr", "How many hours does the controller have to notify the supervisory authority of a personal data breach?",
			"Article 33(1): notifying the supervisory authority of a breach",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			passages, err := data.Load(tc.file)
			if err != nil {
				t.Fatal(err)
			}
			question, best, got := embed.Text(tc.question), -1.0, ""
			for _, p := range passages {
				if score := dot(question, embed.Text(p.Text())); score > best {
					best, got = score, p.Title
				}
			}
			if got != tc.want {
				t.Errorf("the best hit is %q (%.2f), want %q", got, best, tc.want)
			}
		})
	}
}
