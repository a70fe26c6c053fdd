package qdrant

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// firstKey parses a path into a payload as the server does and returns the key at its beginning: all spellings of
// tenant_id, "tenant_id", tenant_id.x, tenant_id[] and so on begin at the same key. It reports false for what the server
// would not parse.
func firstKey(path string) (string, bool) {
	first, rest, ok := pathKey(path)
	for ok && rest != "" {
		rest, ok = pathItem(rest)
	}
	return first, ok
}

// pathItem consumes .key, ."key", [7] or [].
func pathItem(s string) (string, bool) {
	if s[0] == '.' {
		_, rest, ok := pathKey(s[1:])
		return rest, ok
	}
	index, rest, ok := strings.Cut(s[1:], "]")
	if s[0] != '[' || !ok || len(index) > 19 {
		return "", false
	}
	return rest, strings.Trim(index, "0123456789") == ""
}

// pathKey consumes one key: letters, digits, _ and -, or anything but quotes and backslashes in quotes.
func pathKey(s string) (key, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		key, rest, ok = strings.Cut(s[1:], `"`)
		return key, rest, ok && !strings.Contains(key, `\`)
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !isKeyRune(r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], end > 0
}

func isKeyRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Other_Alphabetic, r))
}

// TenantField and CorpusField are the payload keys that the engine writes, filters by, and hides. They hold the tenantID
// and the UID of the Corpus.
const (
	TenantField = "tenant_id"
	CorpusField = "corpus_id"
)

func isReserved(key string) bool { return key == TenantField || key == CorpusField }

// isReservedKey judges a literal key of a payload. The server takes it as it stands; whatever would be read as a path that
// begins at a reserved key, or nearly so, is refused all the same, since nobody writes it by mistake.
func isReservedKey(key string) bool {
	key = strings.TrimPrefix(key, `"`)
	for _, reserved := range [...]string{TenantField, CorpusField} {
		if rest, ok := strings.CutPrefix(key, reserved); ok {
			next, _ := utf8.DecodeRuneInString(rest)
			return rest == "" || !isKeyRune(next)
		}
	}
	return false
}
