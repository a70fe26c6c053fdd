package boundary

import (
	"fmt"
	"strings"
	"unicode"
)

// Printable is a text as it may be shown: names on servers are other people's, and what they hold must neither begin a line of
// its own, nor steer a terminal, nor turn the direction of writing.
func Printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// hidden are control characters, separators of lines, and characters of format such as those that turn the direction.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}
