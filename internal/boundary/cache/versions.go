package cache

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Version of a server.
type Version struct {
	// Valkey: Number is that of Valkey, which goes its own way since 7.2.
	Valkey bool
	// Number such as "7.0.15".
	Number string
}

// String is as people say it.
func (v Version) String() string { return choose(v.Valkey, "Valkey ", "Redis ") + v.Number }

// flaw is a hole in servers by which somebody with few rights can take over the process, and every tenant's data with it.
type flaw struct {
	// cve are the numbers.
	cve string
	// fixed are the first versions without it, of each line (major.minor) that was mended. Later lines never had it, earlier
	// ones were never mended by their makers; distributions did, under the old number.
	redis, valkey []string
}

// Sources: the advisories in the repositories redis/redis and valkey-io/valkey on GitHub, and their release notes.
var (
	// scriptFlaw: a script frees memory that it still uses, and runs whatever it likes.
	scriptFlaw = flaw{"CVE-2025-49844, CVE-2025-46817, CVE-2025-46818",
		[]string{"7.2.11", "7.4.6", "8.0.4", "8.2.2"}, []string{"7.2.11", "8.0.6", "8.1.4"}}
	// sketchFlaw: a string that is no HyperLogLog, counted as one, writes past its end.
	sketchFlaw = flaw{"CVE-2025-32023", []string{"7.2.10", "7.4.5", "8.0.3"}, []string{"7.2.10", "8.0.4", "8.1.3"}}
)

// open says whether the version has the flaw, going by its number.
func (f flaw) open(v Version) bool {
	number, ok := numbers(v.Number)
	if !ok {
		return false
	}
	for _, text := range f.fixes(v) {
		fix, _ := numbers(text)
		if slices.Equal(fix[:2], number[:2]) {
			return number[2] < fix[2]
		}
	}
	newest, _ := numbers(f.fixes(v)[len(f.fixes(v))-1])
	return slices.Compare(number, newest) < 0
}

func (f flaw) fixes(v Version) []string {
	if v.Valkey {
		return f.valkey
	}
	return f.redis
}

// numbers reads major.minor.patch.
func numbers(text string) ([]int, bool) {
	parts := strings.SplitN(text, ".", 3)
	out := make([]int, len(parts))
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return nil, false
		}
		out[i] = n
	}
	return out, len(out) == 3
}

// Flaws lists what tenants could use a node's version for, as far as its number tells: sentences for capabilities.
func (s Spec) Flaws(v Version) []string {
	if !sketchFlaw.open(v) || s.Scripts == Allow && scriptFlaw.open(v) {
		return nil // nothing, or a hazard says it
	}
	return []string{fmt.Sprintf("%s has %s by its number: a tenant may take over the server with a forged HyperLogLog. "+
		"Mended in %s; distributions mend without another number", v, sketchFlaw.cve, strings.Join(sketchFlaw.fixes(v), ", "))}
}
