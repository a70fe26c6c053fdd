package guard

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// view is a text as patterns see it: lower case, letters that only look Latin as Latin ones, without accents and without
// characters that cannot be seen.
type view struct {
	text   string
	folded string
	starts []int32 // of each byte of folded, where in text its character begins; nil where both have the same bytes
}

func newView(text string) view {
	if ascii(text) {
		return view{text: text, folded: strings.ToLower(text)}
	}
	folded := make([]byte, 0, len(text))
	starts := make([]int32, 0, len(text))
	for i, r := range text {
		before := len(folded)
		folded = appendFolded(folded, r)
		for range len(folded) - before {
			starts = append(starts, int32(i))
		}
	}
	return view{text, string(folded), starts}
}

// original returns where a range of the folded text lies in the text. Characters that are in it in part count as a whole.
func (v view) original(start, end int) (from, to int) {
	if v.starts == nil || start == end {
		return start, end
	}
	from = int(v.starts[start])
	if end == len(v.folded) {
		return from, len(v.text)
	}
	if to = int(v.starts[end]); v.starts[end] == v.starts[end-1] {
		_, size := utf8.DecodeRuneInString(v.text[to:])
		to += size
	}
	return from, to
}

// appendFolded appends what a character is seen as, nothing if it is not seen.
func appendFolded(out []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(out, byte(r))
	}
	if hidden(r) != "" || joins(r) || selects(r) {
		return out
	}
	var buffer [utf8.UTFMax]byte
	written := buffer[:utf8.EncodeRune(buffer[:], r)]
	if parts := norm.NFKD.Properties(written).Decomposition(); parts != nil {
		written = parts
	}
	for len(written) > 0 {
		part, size := utf8.DecodeRune(written)
		written = written[size:]
		if unicode.Is(unicode.Mn, part) {
			continue
		}
		part = unicode.ToLower(part)
		if latin, ok := lookalikes[part]; ok {
			part = latin
		}
		out = utf8.AppendRune(out, part)
	}
	return out
}

// lookalikes are small letters that are read as Latin ones and are no variants of them to Unicode.
var lookalikes = pair(
	"аеорсухіјѕһԁԛԝткмɡıɪɢɴʀᴏᴇᴀᴄᴅᴊᴋʟᴍᴘᴛᴜᴠᴡʏᴢꜱοαεικνρτυχγօս",
	"aeopcyxijshdqwtkmgiignroeacdjklmptuvwyzsoaeikvptuxyou",
)

func pair(strange, latin string) map[rune]rune {
	out := map[rune]rune{}
	to := []rune(latin)
	for i, r := range []rune(strange) {
		out[r] = to[i]
	}
	return out
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
