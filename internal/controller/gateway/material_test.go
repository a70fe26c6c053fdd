package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/credential"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

var start = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func opening(names ...string) set {
	var s set
	for _, n := range names {
		s = append(s, scopeqdrant.Access{Collection: n, Write: true})
	}
	return s
}

func wanting(sets ...set) want {
	k := credential.NewPlaneKeys()
	return want{
		material: credential.GatewayMaterial{
			Plane: "eu-1", Installation: "i1", IDMapping: k.IDMapping, VerifyKey: k.VerifyKey(), ServerVersion: "1.19.0",
		},
		sets: sets, key: "an API key that is long enough",
	}
}

// after decides at a time after start, and fails the test on an error.
func after(t *testing.T, w want, standing credential.GatewayMaterial, d time.Duration) outcome {
	t.Helper()
	o, err := w.next(standing, start.Add(d))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// ends are how long after start the tokens expire, by the first collection of each.
func ends(m credential.GatewayMaterial) map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, t := range m.Tokens {
		out[t.Access[0].Collection] = t.Expires.Sub(start)
	}
	return out
}

// TestMaterialIsWrittenOnceInItsTime: nothing is written before half of a token's life is over, and then nothing again for as
// long.
func TestMaterialIsWrittenOnceInItsTime(t *testing.T) {
	w := wanting(opening("a"), opening("b"))
	first := after(t, w, credential.GatewayMaterial{}, 0)
	if !first.changed || len(first.material.Tokens) != 2 || !first.material.Issued.Equal(start) {
		t.Fatalf("first = %+v", first)
	}
	if got := due(first.material, start); got != time.Hour {
		t.Errorf("due in %s, want half of a life", got)
	}
	for _, d := range []time.Duration{time.Second, 59 * time.Minute} {
		if o := after(t, w, first.material, d); o.changed {
			t.Errorf("written again after %s", d)
		}
	}
	second := after(t, w, first.material, time.Hour)
	if !second.changed {
		t.Fatal("not renewed")
	}
	if diff := cmp.Diff(map[string]time.Duration{"a": 3 * time.Hour, "b": 3 * time.Hour}, ends(second.material)); diff != "" {
		t.Error(diff)
	}
	if o := after(t, w, second.material, 2*time.Hour-time.Second); o.changed {
		t.Error("written again within the hour")
	}
	if got := due(credential.GatewayMaterial{}, start); got != 0 {
		t.Errorf("nothing is due in %s", got)
	}
	if got := due(first.material, start.Add(24*time.Hour)); got != time.Second {
		t.Errorf("overdue material is due in %s", got)
	}
}

// TestMaterialFollowsWhatIsWanted: each change is written, and tokens that are fresh enough stay as they are.
func TestMaterialFollowsWhatIsWanted(t *testing.T) {
	w := wanting(opening("a"))
	standing := after(t, w, credential.GatewayMaterial{}, 0).material
	old := standing.Tokens[0].Token
	for name, tc := range map[string]struct {
		edit  func(*want)
		after time.Duration
		want  map[string]time.Duration
		kept  bool
	}{
		"another collection": {func(w *want) { w.sets = append(w.sets, opening("b")) }, time.Minute,
			map[string]time.Duration{"a": 2 * time.Hour, "b": 2*time.Hour + time.Minute}, true},
		"another collection, later": {func(w *want) { w.sets = append(w.sets, opening("b")) }, 31 * time.Minute,
			map[string]time.Duration{"a": 2*time.Hour + 31*time.Minute, "b": 2*time.Hour + 31*time.Minute}, false},
		"none any more":          {func(w *want) { w.sets = nil }, time.Minute, map[string]time.Duration{}, false},
		"another API key":        {func(w *want) { w.key = "another key, long enough too" }, time.Minute, map[string]time.Duration{"a": 2*time.Hour + time.Minute}, false},
		"less access":            {func(w *want) { w.sets = []set{{{Collection: "a"}}} }, time.Minute, map[string]time.Duration{"a": 2*time.Hour + time.Minute}, false},
		"another version":        {func(w *want) { w.material.ServerVersion = "1.20.0" }, time.Minute, map[string]time.Duration{"a": 2 * time.Hour}, true},
		"another CA":             {func(w *want) { w.material.CA = []byte("pem") }, time.Minute, map[string]time.Duration{"a": 2 * time.Hour}, true},
		"other keys":             {func(w *want) { w.material.VerifyKey = credential.NewPlaneKeys().VerifyKey() }, time.Minute, map[string]time.Duration{"a": 2 * time.Hour}, true},
		"another mapping":        {func(w *want) { w.material.IDMapping = credential.NewPlaneKeys().IDMapping }, time.Minute, map[string]time.Duration{"a": 2 * time.Hour}, true},
		"a clock that was ahead": {func(*want) {}, -time.Hour, map[string]time.Duration{"a": time.Hour}, false},
	} {
		t.Run(name, func(t *testing.T) {
			changed := w
			tc.edit(&changed)
			o := after(t, changed, standing, tc.after)
			if !o.changed {
				t.Fatal("not written")
			}
			if diff := cmp.Diff(tc.want, ends(o.material)); diff != "" {
				t.Error(diff)
			}
			if kept := len(o.material.Tokens) > 0 && o.material.Tokens[0].Token == old; kept != tc.kept {
				t.Errorf("kept the token: %v", kept)
			}
			if again := after(t, changed, o.material, tc.after); again.changed {
				t.Error("written twice")
			}
		})
	}
}

// TestEditedMaterialIsMadeAnew: a token that says something else than what stands beside it is not handed out again.
func TestEditedMaterialIsMadeAnew(t *testing.T) {
	w := wanting(opening("a"))
	standing := after(t, w, credential.GatewayMaterial{}, 0).material
	wide, err := credential.MintUpstreamToken(w.key, opening("a", "b"), start.Add(time.Hour*2))
	if err != nil {
		t.Fatal(err)
	}
	wide.Access = opening("a")
	standing.Tokens = []credential.UpstreamToken{wide}
	if o := after(t, w, standing, time.Minute); !o.changed || o.material.Tokens[0].Token == wide.Token {
		t.Error("kept a token that opens more than it should")
	}
}

// TestMaterialFitsIntoASecret: the widest tokens are left out first, and the rest is still settled.
func TestMaterialFitsIntoASecret(t *testing.T) {
	long := strings.Repeat("x", 150)
	var sets []set
	for i := range 1000 {
		sets = append(sets, opening(fmt.Sprintf("tenant_%s_%04d", long, i)))
	}
	singles := len(sets)
	for i := range 1000 {
		sets = append(sets, opening(sets[i][0].Collection, "z"))
	}
	w := wanting(append(sets, opening(strings.Split(strings.Repeat(long+" ", 60), " ")[:60]...))...)
	o := after(t, w, credential.GatewayMaterial{}, 0)
	if o.leftOut == 0 || len(o.material.Tokens)+o.leftOut != len(w.sets) {
		t.Fatalf("%d tokens and %d left out of %d", len(o.material.Tokens), o.leftOut, len(w.sets))
	}
	if len(o.material.Tokens) < singles {
		t.Errorf("%d tokens, fewer than the %d collections", len(o.material.Tokens), singles)
	}
	data, err := o.material.Data()
	if err != nil {
		t.Fatal(err)
	}
	if size := len(data["tokens"]); size > maxTokens || size < maxTokens/2 {
		t.Errorf("%d bytes of tokens", size)
	}
	again := after(t, w, o.material, time.Minute)
	if again.changed || again.leftOut != o.leftOut {
		t.Errorf("changed %v, left out %d and then %d", again.changed, o.leftOut, again.leftOut)
	}
}

// TestMaterialNeverOpensOurOwn: a set that must not be is an error, and no token.
func TestMaterialNeverOpensOurOwn(t *testing.T) {
	if o, err := wanting(opening(vector.ClaimsCollection)).next(credential.GatewayMaterial{}, start); err == nil {
		t.Errorf("minted %v", o.material.Tokens)
	}
	w := wanting(opening("a"))
	w.key = boundary.Secret("")
	if _, err := w.next(credential.GatewayMaterial{}, start); err == nil {
		t.Error("minted without a key")
	}
}
