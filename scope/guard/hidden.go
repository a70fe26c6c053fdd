package guard

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names of what is always cut, whatever the patterns are: characters that a reader cannot see.
const (
	// ZeroWidth characters take no room: U+200B and its kin, soft hyphens, fillers.
	ZeroWidth = "zero-width"
	// Bidi controls make text read otherwise than it is written.
	Bidi = "bidi"
	// Tag characters spell out a second text that only machines see.
	Tag = "tag"
	// Control characters other than tab and line breaks.
	Control = "control"
	// Invalid bytes are no UTF-8.
	Invalid = "invalid-utf8"
)

// hiddenRanges are the characters to cut wherever they stand.
var hiddenRanges = []struct {
	first, last rune
	name        string
}{
	{0x00, 0x08, Control}, {0x0b, 0x0c, Control}, {0x0e, 0x1f, Control}, {0x7f, 0x84, Control}, {0x86, 0x9f, Control},
	{0x202a, 0x202e, Bidi}, {0x2066, 0x2069, Bidi},
	{0xe0000, 0xe0fff, Tag}, // tags, and selectors that no usual font knows
	{0xad, 0xad, ZeroWidth}, {0x34f, 0x34f, ZeroWidth}, {0x115f, 0x1160, ZeroWidth}, {0x17b4, 0x17b5, ZeroWidth},
	{0x180e, 0x180e, ZeroWidth}, {0x200b, 0x200b, ZeroWidth}, {0x2060, 0x2065, ZeroWidth}, {0x206a, 0x206f, ZeroWidth},
	{0x3164, 0x3164, ZeroWidth}, {0xfeff, 0xfeff, ZeroWidth}, {0xffa0, 0xffa0, ZeroWidth}, {0xfff9, 0xfffb, ZeroWidth},
}

// hidden says what a character is if it is to be cut wherever it stands, else "".
func hidden(r rune) string {
	if 0x20 <= r && r < 0x7f {
		return ""
	}
	for _, h := range hiddenRanges {
		if h.first <= r && r <= h.last {
			return h.name
		}
	}
	return ""
}

// joins says whether a character is hidden and yet needed: by scripts other than Latin, and by emoji.
func joins(r rune) bool {
	return r == 0x200c || r == 0x200d || r == 0x200e || r == 0x200f || r == 0x061c
}

// selects says whether a character chooses a variant of the one before it.
func selects(r rune) bool { return 0xfe00 <= r && r <= 0xfe0f }

// reveal cuts what cannot be seen, and counts it. Joiners stay between two characters that are not ASCII, and one selector
// stays behind a character that is no ASCII letter: elsewhere they have no honest use.
func reveal(text string, removed map[string]int) string {
	if ascii(text) && strings.IndexFunc(text, func(r rune) bool { return hidden(r) != "" }) < 0 {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	last, seen := rune('a'), false // what stands before, and whether a selector has followed it
	var waiting []rune             // joiners since then
	for i, r := range text {
		if name := classify(text, i, r); name != "" {
			removed[name]++
			continue
		}
		switch {
		case joins(r):
			waiting = append(waiting, r)
		case selects(r):
			if seen || len(waiting) > 0 || last < utf8.RuneSelf && unicode.IsLetter(last) {
				removed[ZeroWidth]++
				continue
			}
			seen = true
			out.WriteRune(r)
		default:
			release(&out, waiting, last >= utf8.RuneSelf && r >= utf8.RuneSelf, removed)
			waiting, last, seen = waiting[:0], r, false
			out.WriteRune(r)
		}
	}
	release(&out, waiting, false, removed)
	return out.String()
}

// classify is hidden, and knows invalid bytes from the character that stands for them.
func classify(text string, at int, r rune) string {
	if r == utf8.RuneError {
		if _, size := utf8.DecodeRuneInString(text[at:]); size == 1 {
			return Invalid
		}
	}
	return hidden(r)
}

func release(out *strings.Builder, joiners []rune, keep bool, removed map[string]int) {
	if keep && len(joiners) == 1 {
		out.WriteRune(joiners[0])
		return
	}
	if len(joiners) > 0 {
		removed[ZeroWidth] += len(joiners)
	}
}
