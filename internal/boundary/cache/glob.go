package cache

import "strings"

// Escape makes a pattern that matches exactly s: Redis reads * ? [ ] \ as wildcards, and ^ inside a class. An unescaped
// "[" would even widen the pattern to what stands before it.
func Escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(`*?[]\^`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// TenantPattern matches exactly the keys and channels of one tenant. The delimiter before the star is part of it: without
// it, acme would reach what belongs to acme-2.
func TenantPattern(prefix, tenantID string) string {
	return Escape(prefix) + ":" + Escape(tenantID) + ":*"
}

// AppPattern matches the keys and channels of all tenants.
func AppPattern(prefix string) string { return Escape(prefix) + ":*" }

// reaches says whether a pattern matches anything that begins with the literal prefix: whether what stands before its
// first star agrees with the prefix, as far as both go. Classes count as any character: it may say yes too often, never no.
func reaches(pattern, prefix string) bool {
	at := 0
	for i := range len(prefix) {
		if at == len(pattern) {
			return false
		}
		switch pattern[at] {
		case '*':
			return true
		case '?':
			at++
		case '[':
			at = classEnd(pattern, at)
		default:
			lit, next := literal(pattern, at)
			if lit != prefix[i] {
				return false
			}
			at = next
		}
	}
	return true
}

// literal returns the character at a position and where the next token begins.
func literal(pattern string, at int) (byte, int) {
	if pattern[at] == '\\' && at+1 < len(pattern) {
		return pattern[at+1], at + 2
	}
	return pattern[at], at + 1
}

// classEnd returns the position behind the class that begins at a position.
func classEnd(pattern string, at int) int {
	for at++; at < len(pattern); at++ {
		switch pattern[at] {
		case '\\':
			at++
		case ']':
			return at + 1
		}
	}
	return len(pattern)
}
