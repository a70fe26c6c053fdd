package cache

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// How a node's users are read, look by look: never so that one command describes many of them.
func TestPasses(t *testing.T) {
	old := Version{Number: "7.0.15"}
	type look struct {
		now   Counters
		users int
	}
	at := func(run string, described, changed, loaded, others int64) Counters {
		return Counters{run, described, changed, loaded, others}
	}
	tests := map[string]struct {
		version Version
		looks   []look
		want    []Pass
	}{
		"few users":                {old, []look{{at("a", 0, 0, 0, 0), 150}, {at("a", 1, 0, 0, 0), 150}}, []Pass{PassList, PassList}},
		"many, just begun":         {old, []look{{at("a", 0, 0, 0, 0), 1000}, {at("a", 0, 0, 0, 0), 1000}}, []Pass{PassSlices, PassKept}},
		"many, somebody changed":   {old, []look{{at("a", 0, 0, 0, 0), 1000}, {at("a", 0, 1, 0, 0), 1000}}, []Pass{PassSlices, PassSlices}},
		"many, somebody deleted":   {old, []look{{at("a", 0, 0, 0, 0), 1000}, {at("a", 0, 0, 0, 1), 999}}, []Pass{PassSlices, PassSlices}},
		"many, saved since":        {old, []look{{at("a", 0, 0, 0, 0), 1000}, {at("a", 1, 5, 0, 0), 1000}, {at("a", 2, 5, 0, 0), 1000}}, []Pass{PassSlices, PassList, PassList}},
		"many changed at once":     {old, []look{{at("a", 0, 0, 0, 0), 1000}, {at("a", 1, 0, 0, 0), 1000}, {at("a", 2, 900, 0, 0), 1900}}, []Pass{PassSlices, PassList, PassSlices}},
		"a few, again and again":   {old, []look{{at("a", 0, 0, 0, 0), 10}, {at("a", 1, 150, 0, 0), 160}, {at("a", 1, 300, 0, 0), 310}}, []Pass{PassList, PassList, PassSlices}},
		"loaded by hand":           {old, []look{{at("a", 0, 0, 0, 0), 1000}, {at("a", 1, 0, 0, 0), 1000}, {at("a", 2, 0, 1, 0), 1000}}, []Pass{PassSlices, PassList, PassSlices}},
		"restarted":                {old, []look{{at("a", 0, 0, 0, 0), 1000}, {at("a", 1, 0, 0, 0), 1000}, {at("b", 2, 0, 0, 0), 1000}}, []Pass{PassSlices, PassList, PassSlices}},
		"counters reset":           {old, []look{{at("a", 9, 9, 0, 0), 1000}, {at("a", 10, 9, 0, 0), 1000}, {at("a", 0, 0, 0, 0), 1000}}, []Pass{PassSlices, PassList, PassSlices}},
		"it does not say how many": {old, []look{{at("a", 0, 0, 0, 0), -1}}, []Pass{PassList}},
		"Redis 7.2":                {Version{Number: "7.2.4"}, []look{{at("a", 0, 0, 0, 0), 10000}}, []Pass{PassList}},
		"Redis 8":                  {Version{Number: "8.0.0"}, []look{{at("a", 0, 0, 0, 0), 10000}}, []Pass{PassList}},
		"Valkey":                   {Version{Valkey: true, Number: "7.2.5"}, []look{{at("a", 0, 0, 0, 0), 10000}}, []Pass{PassList}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var m PassMemory
			var got []Pass
			for _, l := range test.looks {
				p := m.Next(test.version, l.now, l.users)
				m.Keep(p, map[string]User{})
				got = append(got, p)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("passes (-want +got):\n%s", diff)
			}
		})
	}
}

// Counters alone are believed for a while, not for ever.
func TestKeptUsersAreReadAgain(t *testing.T) {
	var m PassMemory
	slices := 0
	for range 3 * (keptAtMost + 1) {
		p := m.Next(Version{Number: "7.0.15"}, Counters{Run: "a"}, 1000)
		m.Keep(p, map[string]User{})
		if p == PassSlices {
			slices++
		}
	}
	if slices != 3 {
		t.Errorf("read %d times", slices)
	}
}
