package guard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Defaults of a [Sanitizer].
const (
	DefaultReplacement = "[removed]"
	DefaultMaxBytes    = 4 << 20
)

// TooLong is the name under which a text that was cut short is counted.
const TooLong = "too-long"

// rounds bounds how often a text is searched again because taking something out may have joined what stood around it.
const rounds = 6

// Sanitizer takes patterns out of text. It is safe for concurrent use.
type Sanitizer struct {
	patterns    []Pattern
	rules       []rule
	replacement string
	maxBytes    int
}

// SanitizerOption changes a [Sanitizer].
type SanitizerOption func(*Sanitizer)

// With adds patterns. One with the name of another takes its place.
func With(patterns ...Pattern) SanitizerOption {
	return func(s *Sanitizer) {
		for _, p := range patterns {
			if i := slices.IndexFunc(s.patterns, func(old Pattern) bool { return old.Name == p.Name }); i >= 0 {
				s.patterns[i] = p
			} else {
				s.patterns = append(s.patterns, p)
			}
		}
	}
}

// Without takes patterns away by name. Characters that cannot be seen are cut all the same.
func Without(names ...string) SanitizerOption {
	return func(s *Sanitizer) {
		s.patterns = slices.DeleteFunc(s.patterns, func(p Pattern) bool { return slices.Contains(names, p.Name) })
	}
}

// ReplaceWith puts a text in the place of what is taken out; "" cuts it. Default [DefaultReplacement], which shows readers
// that something was there. It must hold nothing that would be taken out itself.
func ReplaceWith(replacement string) SanitizerOption {
	return func(s *Sanitizer) { s.replacement = replacement }
}

// MaxBytes cuts longer texts short, between characters. Default [DefaultMaxBytes].
func MaxBytes(n int) SanitizerOption { return func(s *Sanitizer) { s.maxBytes = n } }

// NewSanitizer returns one with [Patterns], changed by options in order. It fails if a pattern cannot be used.
func NewSanitizer(opts ...SanitizerOption) (*Sanitizer, error) {
	s := &Sanitizer{patterns: Patterns(), replacement: DefaultReplacement, maxBytes: DefaultMaxBytes}
	for _, opt := range opts {
		opt(s)
	}
	if s.maxBytes < utf8.UTFMax || len(s.replacement) > s.maxBytes {
		return nil, fmt.Errorf("guard: at most %d bytes leave no room for the replacement %q", s.maxBytes, s.replacement)
	}
	for _, p := range s.patterns {
		r, err := p.compile()
		if err != nil {
			return nil, err
		}
		s.rules = append(s.rules, r)
	}
	removed := map[string]int{}
	if s.round(s.replacement, removed, false); len(removed) > 0 {
		return nil, fmt.Errorf("guard: the replacement %q would itself be taken out: %v", s.replacement, slices.Sorted(maps.Keys(removed)))
	}
	return s, nil
}

// Result of cleaning a text.
type Result struct {
	// Text without what was taken out. Cleaning it again changes nothing.
	Text string
	// Removed counts what was taken out, by name of the pattern. It is empty if nothing was.
	Removed map[string]int
}

// Clean takes everything out of a text that the patterns name. It takes time in proportion to the text's length, with at
// most a fixed number of passes: a text that is built so that taking something out of it makes new matches again and again
// loses the whole part between the first and the last of them, and in the end everything.
func (s *Sanitizer) Clean(text string) Result {
	removed := map[string]int{}
	for i := range 2 * rounds {
		next := s.round(text, removed, i >= rounds)
		if next == text {
			return Result{text, removed}
		}
		text = next
	}
	if s.round(text, map[string]int{}, true) != text {
		text = s.replacement
	}
	return Result{text, removed}
}

// round takes out what each rule finds, one after the other; wide takes out everything between a rule's first and last.
func (s *Sanitizer) round(text string, removed map[string]int, wide bool) string {
	text = reveal(s.shorten(text, removed), removed)
	v := newView(text)
	for _, r := range s.rules {
		found := r.spans(v)
		if len(found) == 0 {
			continue
		}
		removed[r.Name] += len(found)
		if wide {
			found = []span{{found[0].start, found[len(found)-1].end}}
		}
		v = newView(s.replace(v, found))
	}
	return v.text
}

// shorten cuts between characters.
func (s *Sanitizer) shorten(text string, removed map[string]int) string {
	if len(text) <= s.maxBytes {
		return text
	}
	removed[TooLong]++
	end := s.maxBytes
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

func (s *Sanitizer) replace(v view, found []span) string {
	var out strings.Builder
	out.Grow(len(v.text))
	done := 0
	for _, f := range found {
		from, to := v.original(f.start, f.end)
		out.WriteString(v.text[done:max(done, from)])
		out.WriteString(s.replacement)
		done = max(done, to)
	}
	out.WriteString(v.text[done:])
	return out.String()
}

// merge orders ranges and joins those that overlap.
func merge(in []span) []span {
	slices.SortFunc(in, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	var out []span
	for _, s := range in {
		if n := len(out); n > 0 && s.start < out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}
