package qdrantrest

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// string reads a string, a key too. Without escapes it is a substring of the body.
func (r *reader) string() string {
	if r.kind() != '"' {
		r.expected("a string")
	}
	from := r.pos + 1
	end := from + strings.IndexByte(r.s[from:], '"')
	if !strings.Contains(r.s[from:end], `\`) {
		r.advance(end + 1 - r.pos)
		return r.s[from:end]
	}
	return r.escaped(from)
}

func (r *reader) escaped(from int) string {
	var b strings.Builder
	i := from
	for r.s[i] != '"' {
		if r.s[i] != '\\' {
			b.WriteByte(r.s[i])
			i++
			continue
		}
		i = unescape(&b, r.s, i)
	}
	r.advance(i + 1 - r.pos)
	return b.String()
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape writes what the escape at i stands for and returns where it ends.
func unescape(b *strings.Builder, s string, i int) int {
	if c := s[i+1]; c != 'u' {
		b.WriteByte(escapes[c])
		return i + 2
	}
	unit, _ := hex4(s, i+2)
	if !isSurrogate(unit) {
		b.WriteRune(unit)
		return i + 6
	}
	low, _ := lowSurrogate(s, i+6)
	b.WriteRune(utf16.DecodeRune(unit, low))
	return i + 12
}

func (r *reader) bool() bool {
	switch r.kind() {
	case 't':
		r.advance(len("true"))
		return true
	case 'f':
		r.advance(len("false"))
		return false
	}
	r.expected("a boolean")
	return false
}

// number reads a number as it is written.
func (r *reader) number(what string) string {
	if !r.isNumber() {
		r.expected(what)
	}
	from := r.pos
	for r.pos < len(r.s) && numberByte[r.s[r.pos]] {
		r.pos++
	}
	text := r.s[from:r.pos]
	r.space()
	return text
}

var numberByte = func() (t [256]bool) {
	for _, b := range []byte("0123456789+-.eE") {
		t[b] = true
	}
	return t
}()

// isInteger says whether a number is written without fraction and exponent.
func isInteger(text string) bool {
	return text != "-0" && !strings.ContainsAny(text, ".eE")
}

// uint reads a whole number of at most bits bits without sign.
func (r *reader) uint(bits int) uint64 {
	text := r.number("a whole number")
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		r.fail("expected a whole number from 0 to %d, without fraction and exponent", uint64(math.MaxUint64)>>(64-bits))
	}
	return n
}

func (r *reader) uint64() uint64 { return r.uint(64) }
func (r *reader) uint32() uint32 { return uint32(r.uint(32)) }

// int64 reads a whole number.
func (r *reader) int64() int64 {
	n, err := strconv.ParseInt(r.number("a whole number"), 10, 64)
	if err != nil {
		r.fail("expected a whole number of 64 bits with sign, without fraction and exponent")
	}
	return n
}

// positive reads a whole number that must be at least 1; where there is less Qdrant answers with 422.
func (r *reader) positive() uint64 {
	n := r.uint64()
	if n == 0 {
		r.invalid("value 0 invalid, must be 1 or larger")
	}
	return n
}

func (r *reader) positive32() uint32 {
	n := r.uint32()
	if n == 0 {
		r.invalid("value 0 invalid, must be 1 or larger")
	}
	return n
}

func (r *reader) float64() float64 {
	f, ok := parseFloat(r.number("a number"))
	if !ok {
		r.fail("the number is too large")
	}
	return f
}

// float32 reads a number as Qdrant does: to double precision first.
func (r *reader) float32() float32 {
	f := float32(r.float64())
	if math.IsInf(float64(f), 0) {
		r.fail("the number is too large for single precision")
	}
	return f
}

// exactPowers are the powers of ten that a float64 holds exactly.
var exactPowers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// parseFloat reads a number that is known to be well formed. Vectors are mostly made of short decimals such as -0.0421:
// digits and power of ten are exact there, and one division rounds correctly. The rest is left to strconv.
func parseFloat(text string) (float64, bool) {
	if f, ok := shortDecimal(text); ok {
		return f, true
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

func shortDecimal(text string) (float64, bool) {
	if len(text) > 17 { // sign, point and at most 15 digits: below 2^53
		return 0, false
	}
	var digits uint64
	scale, point := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			digits = digits*10 + uint64(c-'0')
			if point {
				scale++
			}
		case c == '.':
			point = true
		case c == '-':
		default:
			return 0, false
		}
	}
	if digits >= 1<<53 {
		return 0, false
	}
	f := float64(digits) / exactPowers[scale]
	if text[0] == '-' {
		f = -f
	}
	return f, true
}
