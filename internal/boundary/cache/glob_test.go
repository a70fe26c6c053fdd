package cache

import (
	"strings"
	"testing"
)

func TestTenantPattern(t *testing.T) {
	tests := map[string]struct {
		prefix, id string
		want       string
		yes, no    []string
	}{
		"plain":     {"ai", "acme", "ai:acme:*", []string{"ai:acme:", "ai:acme:x:y"}, []string{"ai:acme", "ai:acme-2:x", "ai:acmeevil", "xai:acme:x", "AI:acme:x"}},
		"star":      {"ai", "a*", `ai:a\*:*`, []string{"ai:a*:x"}, []string{"ai:ab:x", "ai:a:x", "ai:acme:x"}},
		"question":  {"ai", "a?", `ai:a\?:*`, []string{"ai:a?:x"}, []string{"ai:ab:x"}},
		"bracket":   {"ai", "[ab]", `ai:\[ab\]:*`, []string{"ai:[ab]:x"}, []string{"ai:a:x", "ai:b:x"}},
		"unclosed":  {"ai", "[x", `ai:\[x:*`, []string{"ai:[x:y"}, []string{"ai:x", "ai:x:y", "ai:[x"}},
		"caret":     {"ai", "[^a]", `ai:\[\^a\]:*`, []string{"ai:[^a]:x"}, []string{"ai:b:x"}},
		"backslash": {"ai", `a\`, `ai:a\\:*`, []string{`ai:a\:x`}, []string{"ai:a:x", "ai:a:*"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := TenantPattern(test.prefix, test.id)
			if got != test.want {
				t.Errorf("pattern %s, want %s", got, test.want)
			}
			for _, key := range test.yes {
				if !match(got, key) {
					t.Errorf("%s does not match %s", got, key)
				}
			}
			for _, key := range test.no {
				if match(got, key) {
					t.Errorf("%s matches %s", got, key)
				}
			}
		})
	}
}

// An escaped text matches itself and nothing else.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"acme", "a*b", "[a-c]", "[^x", `a\`, "?", "", "a]b", "\x00é"} {
		f.Add(s, "acme")
	}
	f.Fuzz(func(t *testing.T, literal, other string) {
		pattern := Escape(literal)
		if !match(pattern, literal) {
			t.Errorf("%q does not match %q", pattern, literal)
		}
		if match(pattern, other) != (literal == other) {
			t.Errorf("%q matches %q", pattern, other)
		}
		owner, key := TenantPattern("ai", literal), "ai:"+other
		if match(owner, key) != strings.HasPrefix(key, "ai:"+literal+":") {
			t.Errorf("%q on %q: %v", owner, key, match(owner, key))
		}
	})
}

// A pattern that matches a key under a prefix is always found to reach it.
func FuzzReaches(f *testing.F) {
	f.Add("ai:*", "ai:acme:", "k")
	f.Add("*:notes", "ai:acme:", "notes")
	f.Add("a[h-j]:?cme:*", "ai:acme:", "")
	f.Add(`ai:\[`, "ai:", "[")
	f.Add("**a", "a", "a")
	f.Add("[^a", "b", "")
	f.Add("a?[x]c", "abxc", "")
	f.Fuzz(func(t *testing.T, pattern, prefix, rest string) {
		if match(pattern, prefix+rest) && !reaches(pattern, prefix) {
			t.Errorf("%q matches %q and is not found to reach %q", pattern, prefix+rest, prefix)
		}
	})
}

// match is the server's stringmatchlen, case-sensitive.
func match(p, s string) bool {
	for len(p) > 0 && len(s) > 0 {
		switch p[0] {
		case '*':
			for len(p) > 1 && p[1] == '*' {
				p = p[1:]
			}
			if len(p) == 1 {
				return true
			}
			for ; len(s) > 0; s = s[1:] {
				if match(p[1:], s) {
					return true
				}
			}
			return false
		case '?':
			s = s[1:]
		case '[':
			var ok bool
			if p, ok = matchClass(p[1:], s[0]); !ok {
				return false
			}
			s = s[1:]
		default:
			if p[0] == '\\' && len(p) >= 2 {
				p = p[1:]
			}
			if p[0] != s[0] {
				return false
			}
			s = s[1:]
		}
		if len(p) > 0 {
			p = p[1:]
		}
		if len(s) == 0 {
			p = strings.TrimLeft(p, "*")
			break
		}
	}
	return len(p) == 0 && len(s) == 0
}

// matchClass reads a class behind its bracket; it returns the pattern from its last character on.
func matchClass(p string, c byte) (string, bool) {
	not := len(p) > 0 && p[0] == '^'
	if not {
		p = p[1:]
	}
	found := false
	for {
		switch {
		case len(p) >= 2 && p[0] == '\\':
			p = p[1:]
			found = found || p[0] == c
		case len(p) == 0:
			return p, found != not
		case p[0] == ']':
			return p, found != not
		case len(p) >= 3 && p[1] == '-':
			low, high := min(p[0], p[2]), max(p[0], p[2])
			found = found || low <= c && c <= high
			p = p[2:]
		default:
			found = found || p[0] == c
		}
		p = p[1:]
	}
}
