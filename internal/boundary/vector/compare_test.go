package vector

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTightenKeepsWhatIsTighter(t *testing.T) {
	want := Strict{Enabled: true, MaxQueryLimit: 100, MaxEf: 100, MaxOversampling: 4, MaxPoints: 100, MaxConditions: 100}
	for name, c := range map[string]struct{ have, out Strict }{
		"off":             {Strict{MaxQueryLimit: 1, RefuseExact: true}, want},
		"nothing bounded": {Strict{Enabled: true}, want},
		"switches stay": {
			Strict{Enabled: true, RefuseExact: true, RefuseUnindexedReads: true},
			Strict{Enabled: true, RefuseExact: true, RefuseUnindexedReads: true, MaxQueryLimit: 100, MaxEf: 100, MaxOversampling: 4, MaxPoints: 100, MaxConditions: 100},
		},
		"one by one": {
			Strict{Enabled: true, MaxQueryLimit: 99, MaxEf: 101, MaxOversampling: 3.5, MaxPoints: 1, MaxConditions: 1000},
			Strict{Enabled: true, MaxQueryLimit: 99, MaxEf: 100, MaxOversampling: 3.5, MaxPoints: 1, MaxConditions: 100},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := tighten(want, c.have)
			if diff := cmp.Diff(c.out, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if found := compareBounds(want, got); len(found) != 0 {
				t.Errorf("what was tightened is still found to differ: %+v", found)
			}
		})
	}
}
