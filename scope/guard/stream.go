package guard

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/tenantry/tenantry/scope"
)

const (
	// maxWord bounds how long a word is held back, in folded bytes. Longer ones are judged in parts that overlap.
	maxWord = 2048
	// overlap is how much of a part is looked at again with the next: more than any name has.
	overlap = 512
)

// Stream checks an answer while it is being written. Words are held back until they are complete, so that nothing is shown
// that turns out to be a part of a finding. It is for one answer and one goroutine.
type Stream struct {
	checker *OutputChecker
	own     scope.Tenant

	partial string // the beginning of a character
	raw     []byte // the word so far, as it was written
	start   int    // where in the answer raw begins
	folded  []byte // the word so far, as it is judged
	from    []int  // of each byte of folded, where in the answer its character begins
}

// Stream begins to check an answer for the tenant of the context. The error is that of scope.FromContext.
func (c *OutputChecker) Stream(ctx context.Context) (*Stream, error) {
	tenant, err := scope.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return &Stream{checker: c, own: tenant}, nil
}

// Next takes the next piece of the answer, of any size, and returns what can be shown now, with the mark in the place of
// findings, and the findings, whose offsets are those of the answer from its beginning. What is shown and found is the same
// however the answer is cut.
func (s *Stream) Next(piece string) (text string, found []Finding) {
	var out strings.Builder
	piece = s.partial + piece
	s.partial = ""
	for len(piece) > 0 {
		if !utf8.FullRuneInString(piece) {
			s.partial = piece
			break
		}
		_, size := utf8.DecodeRuneInString(piece)
		found = s.take(piece[:size], &out, found)
		piece = piece[size:]
	}
	return out.String(), found
}

// Close ends the answer and returns what was held back.
func (s *Stream) Close() (text string, found []Finding) {
	var out strings.Builder
	for i := range len(s.partial) { // bytes that are no character
		found = s.take(s.partial[i:i+1], &out, found)
	}
	s.partial = ""
	found = s.finish(&out, found)
	return out.String(), found
}

// take adds one character to the word, or ends it.
func (s *Stream) take(char string, out *strings.Builder, found []Finding) []Finding {
	r, size := utf8.DecodeRuneInString(char)
	var buffer [64]byte
	folded := appendFolded(buffer[:0], r)
	if (r == utf8.RuneError && size <= 1) || !nameBytes(folded) {
		found = s.finish(out, found)
		out.WriteString(char)
		s.start += len(char)
		return found
	}
	at := s.start + len(s.raw)
	s.raw = append(s.raw, char...)
	for range folded {
		s.from = append(s.from, at)
	}
	s.folded = append(s.folded, folded...)
	switch {
	case len(s.folded) == 0 && len(s.raw) >= maxWord, len(s.raw) >= 8*maxWord:
		found = s.finish(out, found) // hidden characters and nothing else
	case len(s.folded) >= maxWord:
		found = s.settle(out, found, len(s.folded)-overlap)
	}
	return found
}

// finish judges a complete word.
func (s *Stream) finish(out *strings.Builder, found []Finding) []Finding {
	return s.settle(out, found, len(s.folded))
}

// settle judges the word so far, shows it up to a place in it, and keeps the rest. A finding is never cut.
func (s *Stream) settle(out *strings.Builder, found []Finding, upTo int) []Finding {
	end := s.start + len(s.raw)
	whole := upTo == len(s.folded)
	for _, h := range s.checker.judge(string(s.folded), s.own) {
		if !whole && h.start >= upTo {
			continue // judged again, with what follows
		}
		f := Finding{h.kind, s.from[h.start], s.offset(h.end, end)}
		if f.Start < s.start {
			f.Start = s.start
		}
		found = append(found, f)
		s.show(out, f.Start)
		out.WriteString(s.checker.config.Mark)
		s.drop(f.End - s.start)
		upTo = max(upTo, h.end)
	}
	s.show(out, s.offset(upTo, end))
	s.folded, s.from = append([]byte(nil), s.folded[upTo:]...), append([]int(nil), s.from[upTo:]...)
	return found
}

// offset is where in the answer a place in the folded word lies, behind a character that it is in the middle of; end is that
// of the word.
func (s *Stream) offset(at, end int) int {
	for at > 0 && at < len(s.from) && s.from[at] == s.from[at-1] {
		at++
	}
	if at >= len(s.from) {
		return end
	}
	return s.from[at]
}

// show lets the word go up to an offset of the answer.
func (s *Stream) show(out *strings.Builder, to int) {
	if n := to - s.start; n > 0 {
		out.Write(s.raw[:n])
		s.drop(n)
	}
}

func (s *Stream) drop(n int) {
	if n > 0 {
		s.raw = s.raw[n:]
		s.start += n
	}
}

// nameBytes says whether what a character folds to can be a part of a name; nothing can.
func nameBytes(folded []byte) bool {
	for _, c := range folded {
		if c >= utf8.RuneSelf || !nameRune(rune(c)) {
			return false
		}
	}
	return true
}

func nameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.' || r == ':'
}
