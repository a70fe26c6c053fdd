package qdrantrest

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// encoder appends JSON.
type encoder struct{ b []byte }

func (e *encoder) raw(s string) { e.b = append(e.b, s...) }

func (e *encoder) uint(n uint64) { e.b = strconv.AppendUint(e.b, n, 10) }

func (e *encoder) int(n int64) { e.b = strconv.AppendInt(e.b, n, 10) }

func (e *encoder) bool(v bool) { e.b = strconv.AppendBool(e.b, v) }

// float64 writes the shortest decimal that reads back as f, always with a point or an exponent, so that it stays a
// float. JSON has no infinities: those are null, as serde writes them.
func (e *encoder) float64(f float64) { e.float(f, 64) }

func (e *encoder) float32(f float32) { e.float(float64(f), 32) }

func (e *encoder) float(f float64, bits int) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.raw("null")
		return
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e16) {
		format = 'e'
	}
	from := len(e.b)
	e.b = strconv.AppendFloat(e.b, f, format, -1, bits)
	for _, c := range e.b[from:] {
		if c == '.' || c == 'e' {
			return
		}
	}
	e.raw(".0")
}

const hexDigits = "0123456789abcdef"

// str writes a string; what is not UTF-8 becomes U+FFFD.
func (e *encoder) str(s string) {
	e.b = append(e.b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		e.b = append(e.b, s[from:i]...)
		e.escape(c)
		i++
		from = i
	}
	e.b = append(append(e.b, s[from:]...), '"')
}

func (e *encoder) escape(c byte) {
	switch c {
	case '"', '\\':
		e.b = append(e.b, '\\', c)
	case '\n':
		e.raw(`\n`)
	case '\r':
		e.raw(`\r`)
	case '\t':
		e.raw(`\t`)
	default:
		if c >= utf8.RuneSelf {
			e.raw(`\ufffd`)
			return
		}
		e.b = append(e.b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}

// key writes a key that needs no escapes, with the comma before it unless it is the first of its object.
func (e *encoder) key(name string) {
	if last := e.b[len(e.b)-1]; last != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(append(append(e.b, '"'), name...), '"', ':')
}

// items writes an array.
func items[T any](e *encoder, all []T, write func(*encoder, T)) {
	e.b = append(e.b, '[')
	for i, v := range all {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		write(e, v)
	}
	e.b = append(e.b, ']')
}
