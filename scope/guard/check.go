package guard

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantry/tenantry/scope"
)

// Kind of a [Finding].
type Kind string

// What is looked for.
const (
	TenantID     Kind = "TenantID"     // the id of another tenant
	Collection   Kind = "Collection"   // a collection of a tenant on the server: tenant_acme_documents
	InternalName Kind = "InternalName" // something of Tenantry's: tenantry_claims, a role, a function, a user
	KeyPrefix    Kind = "KeyPrefix"    // a key of Redis: ai:acme:…
	Name         Kind = "Name"         // one of CheckerConfig.Names
	Canary       Kind = "Canary"       // one of CheckerConfig.Canaries
)

// Finding is something in a text that should not be there. The range is of bytes. It does not repeat what was found.
type Finding struct {
	Kind       Kind
	Start, End int
}

// CheckerConfig of an [OutputChecker]. Names and ids are found whatever their case, also in lookalike letters and with
// invisible characters in them, where they stand as a word of their own.
type CheckerConfig struct {
	// IsTenant says whether a word is the id of any tenant. It is asked for each word of an answer, in lower case, and
	// concurrently: look it up in memory. See [TenantIDs]. nil: ids are not looked for by themselves.
	IsTenant func(word string) bool
	// Ignore are ids that are also words of the language, and not findings by themselves.
	Ignore []string
	// KeyPrefixes of Redis. Default "ai".
	KeyPrefixes []string
	// Names of your own that no user should see: shared collections, roles, hosts. Letters, digits, "_", "-", "." and ":".
	Names []string
	// Canaries are values that stand nowhere but where a tenant's data ends. Same letters, at least 8.
	Canaries []string
	// Mark takes the place of findings in redacted text. Default "[withheld]".
	Mark string
}

// TenantIDs makes a CheckerConfig.IsTenant of a list that does not change.
func TenantIDs(ids ...string) func(string) bool {
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	return func(word string) bool { return known[word] }
}

// OutputChecker finds what a model should not say. It is safe for concurrent use.
type OutputChecker struct {
	config   CheckerConfig
	ignore   map[string]bool
	exact    map[string]Kind
	prefixes *regexp.Regexp
}

const (
	minCanary = 8
	// maxName bounds names and canaries, in bytes. Collections have at most 255.
	maxName = 255
)

// internalNames: those of collections come first, because theirs begins like the others'.
var (
	collectionName = regexp.MustCompile(`tenant_[a-z0-9-]{1,200}_[a-z0-9-]{1,200}`)
	internalName   = regexp.MustCompile(`tenantry[_.:][a-z0-9_.:-]{1,200}`)
	tenantUser     = regexp.MustCompile(`tenant-([a-z0-9-]{1,36})`)
)

// NewOutputChecker fails if a name or canary could never be found.
func NewOutputChecker(config CheckerConfig) (*OutputChecker, error) {
	if config.KeyPrefixes == nil {
		config.KeyPrefixes = []string{"ai"}
	}
	if config.Mark == "" {
		config.Mark = "[withheld]"
	}
	if config.IsTenant == nil {
		config.IsTenant = func(string) bool { return false }
	}
	c := &OutputChecker{config: config, ignore: map[string]bool{}, exact: map[string]Kind{}}
	for _, id := range config.Ignore {
		c.ignore[strings.ToLower(id)] = true
	}
	var prefixes []string
	for _, p := range config.KeyPrefixes {
		if !isWord(p) {
			return nil, fmt.Errorf("guard: key prefix %q: %w", p, errNotAWord)
		}
		prefixes = append(prefixes, regexp.QuoteMeta(strings.ToLower(p)))
	}
	if len(prefixes) > 0 {
		c.prefixes = regexp.MustCompile(`(?:` + strings.Join(prefixes, "|") + `):[a-z0-9-]{1,36}:`)
	}
	if err := c.add(Name, config.Names, 1); err != nil {
		return nil, err
	}
	if err := c.add(Canary, config.Canaries, minCanary); err != nil {
		return nil, err
	}
	return c, nil
}

var errNotAWord = errors.New(`it has letters, digits, "_", "-", "." and ":" only, at most 255`)

func (c *OutputChecker) add(kind Kind, words []string, shortest int) error {
	for i, w := range words {
		if !isWord(w) || len(w) < shortest {
			return fmt.Errorf("guard: %s %d: %w and at least %d", kind, i, errNotAWord, shortest)
		}
		c.exact[strings.ToLower(w)] = kind
	}
	return nil
}

func isWord(s string) bool {
	return s != "" && len(s) <= maxName && strings.IndexFunc(strings.ToLower(s), func(r rune) bool { return !nameRune(r) }) < 0
}

// Check returns what is found in an answer for the tenant of the context, in order, without overlaps. That tenant's own id is
// no finding by itself. The error is that of scope.FromContext.
func (c *OutputChecker) Check(ctx context.Context, text string) ([]Finding, error) {
	s, err := c.Stream(ctx)
	if err != nil {
		return nil, err
	}
	_, found := s.Next(text)
	_, more := s.Close()
	return append(found, more...), nil
}

// Redact returns the text with the mark in the place of findings.
func (c *OutputChecker) Redact(text string, findings []Finding) string {
	var out strings.Builder
	done := 0
	for _, f := range findings {
		if f.Start < done || f.End > len(text) {
			continue
		}
		out.WriteString(text[done:f.Start])
		out.WriteString(c.config.Mark)
		done = f.End
	}
	return out.String() + text[done:]
}

// hit is a finding in a word.
type hit struct {
	kind Kind
	span
}

// judge finds what is in one word, folded. own is the tenant that may see its own id.
func (c *OutputChecker) judge(word string, own scope.Tenant) []hit {
	var hits []hit
	add := func(kind Kind, start, end int) {
		if !slices.ContainsFunc(hits, func(h hit) bool { return start < h.end && h.start < end }) {
			hits = append(hits, hit{kind, span{start, end}})
		}
	}
	if strings.Contains(word, "tenant") {
		c.patternHits(word, add)
	}
	if c.prefixes != nil && strings.Contains(word, ":") {
		for _, m := range c.prefixes.FindAllStringIndex(word, -1) {
			if begins(word, m[0]) {
				add(KeyPrefix, m[0], m[1])
			}
		}
	}
	c.exactHits(word, add)
	pieces(word, "_.:", func(start, end int) {
		if id := word[start:end]; id != own.ID && !c.ignore[id] && c.config.IsTenant(id) {
			add(TenantID, start, end)
		}
	})
	slices.SortFunc(hits, func(a, b hit) int { return a.start - b.start })
	return hits
}

// exactHits finds names and canaries as whole words, or as a part between punctuation.
func (c *OutputChecker) exactHits(word string, add func(Kind, int, int)) {
	for name, kind := range c.exact {
		for from := 0; ; {
			i := strings.Index(word[from:], name)
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(name)
			if kind == Canary || (begins(word, start) && ends(word, end)) {
				add(kind, start, end)
			}
			from = start + 1
		}
	}
}

func (c *OutputChecker) patternHits(word string, add func(Kind, int, int)) {
	for _, m := range collectionName.FindAllStringIndex(word, -1) {
		if begins(word, m[0]) {
			add(Collection, m[0], m[1])
		}
	}
	for _, m := range internalName.FindAllStringIndex(word, -1) {
		if begins(word, m[0]) {
			add(InternalName, m[0], m[1])
		}
	}
	for _, m := range tenantUser.FindAllStringSubmatchIndex(word, -1) {
		if begins(word, m[0]) && c.config.IsTenant(word[m[2]:m[3]]) {
			add(InternalName, m[0], m[1])
		}
	}
}

// begins and ends say whether a name ends there: letters and digits would go on with it.
func begins(word string, i int) bool { return i == 0 || !alphanumeric(word[i-1]) }
func ends(word string, i int) bool   { return i == len(word) || !alphanumeric(word[i]) }

func alphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// pieces calls f for what stands between separators, without hyphens at its ends.
func pieces(word, separators string, f func(start, end int)) {
	for i := 0; i < len(word); {
		length := strings.IndexAny(word[i:], separators)
		if length < 0 {
			length = len(word) - i
		}
		start, end := i, i+length
		for start < end && word[start] == '-' {
			start++
		}
		for end > start && word[end-1] == '-' {
			end--
		}
		if start < end {
			f(start, end)
		}
		i += length + 1
	}
}
