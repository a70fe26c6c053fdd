package guard

import "strings"

// These are found by hand and not by expressions, because their ends may be far away: a text of many beginnings without an
// end would be read to its end for each. A seeker reads it once.

// seeker finds the next place of a word, from places that only grow.
type seeker struct {
	text, word string
	at         int // -1: there is none any more
	known      bool
}

func (s *seeker) from(i int) int {
	if s.at < 0 || (s.known && s.at >= i) {
		return s.at
	}
	s.known = true
	if s.at = strings.Index(s.text[i:], s.word); s.at >= 0 {
		s.at += i
	}
	return s.at
}

// htmlComments takes out comments, and the beginning of one that has no end.
func htmlComments(v view) []span {
	const open, shut = "<!--", "-->"
	var out []span
	begin, end := &seeker{text: v.folded, word: open}, &seeker{text: v.folded, word: shut}
	for i := begin.from(0); i >= 0; i = begin.from(out[len(out)-1].end) {
		s := span{i, i + len(open)}
		if e := end.from(s.end); e >= 0 {
			s.end = e + len(shut)
		}
		out = append(out, s)
	}
	return out
}

// htmlScripts takes out elements that run or load something, to their end tag or, without one, their start tag alone. Links
// that run something lose their scheme.
func htmlScripts(v view) []span {
	var out []span
	for _, name := range []string{"script", "iframe", "object", "embed", "style", "svg"} {
		out = append(out, elements(v.folded, name)...)
	}
	for _, scheme := range []string{"javascript:", "vbscript:"} {
		for i := 0; ; {
			j := strings.Index(v.folded[i:], scheme)
			if j < 0 {
				break
			}
			out = append(out, span{i + j, i + j + len(scheme)})
			i += j + len(scheme)
		}
	}
	return merge(out)
}

func elements(text, name string) []span {
	var out []span
	begin, end := &seeker{text: text, word: "<" + name}, &seeker{text: text, word: "</" + name}
	angle := &seeker{text: text, word: ">"}
	for i := begin.from(0); i >= 0; {
		s := span{i, i + 1 + len(name)}
		if s.end < len(text) && wordByte(text[s.end]) {
			i = begin.from(s.end) // <scripture>
			continue
		}
		if e := end.from(s.end); e >= 0 {
			s.end = e + 2 + len(name)
		}
		if e := angle.from(s.end); e >= 0 && e-s.end <= maxTag {
			s.end = e + 1
		}
		out = append(out, s)
		i = begin.from(s.end)
	}
	return out
}

// maxTag bounds what counts as one tag, in bytes.
const maxTag = 4096

// images takes out Markdown images, also those whose address stands elsewhere, and <img> tags.
func images(v view) []span {
	text := v.folded
	var out []span
	begin, line := &seeker{text: text, word: "!["}, &seeker{text: text, word: "\n"}
	round, square := &seeker{text: text, word: "]("}, &seeker{text: text, word: "]["}
	roundEnd, squareEnd := &seeker{text: text, word: ")"}, &seeker{text: text, word: "]"}
	for i := begin.from(0); i >= 0; {
		eol := line.from(i)
		if eol < 0 {
			eol = len(text)
		}
		end := -1
		if m := round.from(i); m >= 0 && m < eol {
			end = roundEnd.from(m + 2)
		} else if m := square.from(i); m >= 0 && m < eol {
			end = squareEnd.from(m + 2)
		}
		if end < 0 || end > eol {
			i = begin.from(i + 2)
			continue
		}
		out = append(out, span{i, end + 1})
		i = begin.from(end + 1)
	}
	return merge(append(out, tags(text, "img")...))
}

func tags(text, name string) []span {
	var out []span
	begin, angle := &seeker{text: text, word: "<" + name}, &seeker{text: text, word: ">"}
	for i := begin.from(0); i >= 0; i = begin.from(i + 1) {
		s := span{i, i + 1 + len(name)}
		if s.end < len(text) && wordByte(text[s.end]) {
			continue
		}
		if e := angle.from(s.end); e >= 0 && e-s.end <= maxTag {
			s.end = e + 1
		}
		out = append(out, s)
	}
	return out
}

// minBlobLine is how much of a line belongs to a blob that goes on over lines.
const minBlobLine = 40

// blobs takes out runs of base64 that are longer than maxBlob, over line breaks between long lines too.
func blobs(v view) []span {
	text := v.folded
	var out []span
	for i := 0; i < len(text); i++ {
		start, end := i, run(text, i)
		for line := end - start; line >= minBlobLine; {
			next := end + lineBreak(text[end:])
			after := run(text, next)
			if line = after - next; next > end && line >= minBlobLine {
				end = after
			} else {
				break
			}
		}
		if end-start > maxBlob {
			out = append(out, span{start, end})
		}
		i = end
	}
	return out
}

func lineBreak(text string) int {
	switch {
	case strings.HasPrefix(text, "\r\n"):
		return 2
	case strings.HasPrefix(text, "\n"):
		return 1
	}
	return 0
}

func run(text string, i int) int {
	for i < len(text) && base64Byte(text[i]) {
		i++
	}
	return i
}

func base64Byte(c byte) bool { return wordByte(c) || c == '+' || c == '/' || c == '=' || c == '-' }

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_'
}
