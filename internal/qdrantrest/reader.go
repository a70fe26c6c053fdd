package qdrantrest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// reader walks a text that checkSyntax has passed: what it meets is well formed, so it only has to say whether it is
// what belongs there. Problems are raised by fail and caught once, by recoverError in Operation.Decode.
type reader struct {
	s    string
	pos  int
	path []step // where in the body, for errors

	left    int             // elements that may be made before more are asked for
	granted int             // elements that were asked for
	meter   func(int) error // may be nil
}

type step struct {
	key   string // of an object, or
	index int    // in an array, from 1
}

func newReader(body []byte, rule bodyRule, meter func(int) error) (*reader, error) {
	if rule == noBody {
		if len(body) > 0 {
			return nil, &Error{Status: http.StatusBadRequest, Message: "Bad request: this operation takes no body"}
		}
		return &reader{}, nil
	}
	r := &reader{s: string(body), path: make([]step, 0, 16), left: freeElements, meter: meter}
	if err := checkSyntax(r.s); err != nil {
		return nil, err
	}
	r.space()
	return r, nil
}

// recoverError turns what fail raised into err; anything else goes on.
func recoverError(err *error) {
	switch p := recover().(type) {
	case nil:
	case *Error:
		*err = p
	case unmetered:
		*err = p.error
	default:
		panic(p)
	}
}

// fail refuses the request, with the place where the reader stands.
func (r *reader) fail(format string, args ...any) {
	panic(formatError("%s%s", r.where(), fmt.Sprintf(format, args...)))
}

// invalid refuses a value of the right type that is out of bounds: Qdrant answers those with 422.
func (r *reader) invalid(format string, args ...any) {
	panic(&Error{
		Status:  http.StatusUnprocessableEntity,
		Message: "Validation error in JSON body: " + r.where() + fmt.Sprintf(format, args...),
	})
}

func (r *reader) where() string {
	var b strings.Builder
	for i, s := range r.path {
		switch {
		case s.index > 0:
			b.WriteString("[" + strconv.Itoa(s.index-1) + "]")
		case i == 0:
			b.WriteString(shortKey(s.key))
		default:
			b.WriteString("." + shortKey(s.key))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return b.String() + ": "
}

// maxKey bounds what an error repeats of a key.
const maxKey = 64

func shortKey(key string) string {
	quoted := quoteKey(key)
	if quoted == `"`+key+`"` {
		return key
	}
	return quoted
}

func quoteKey(key string) string {
	if len(key) > maxKey {
		key = key[:maxKey] + "…"
	}
	return strconv.QuoteToASCII(key)
}

// end is called after the last value.
func (r *reader) end() {
	if r.pos != len(r.s) { // checkSyntax has seen to it
		r.fail("something follows the value")
	}
}

func (r *reader) space() {
	for r.pos < len(r.s) && isSpace(r.s[r.pos]) {
		r.pos++
	}
}

// kind is the first byte of the value that comes next: one of { [ " t f n - or a digit, which counts as '0'.
func (r *reader) kind() byte {
	b := r.s[r.pos]
	if '0' <= b && b <= '9' {
		return '0'
	}
	return b
}

func (r *reader) isNumber() bool { k := r.kind(); return k == '0' || k == '-' }

// null reads a null if one comes next.
func (r *reader) null() bool {
	if r.kind() != 'n' {
		return false
	}
	r.advance(len("null"))
	return true
}

func (r *reader) advance(n int) {
	r.pos += n
	r.space()
}

var kindNames = map[byte]string{
	'{': "an object", '[': "an array", '"': "a string", 't': "a boolean", 'f': "a boolean", 'n': "null", '0': "a number", '-': "a number",
}

// expected refuses the value that comes next.
func (r *reader) expected(what string) {
	r.fail("expected %s, found %s", what, kindNames[r.kind()])
}

// array calls item for each item of the array that comes next; nil stands for an array without items too.
func (r *reader) array(what string, item func(i int)) {
	if r.kind() != '[' {
		r.expected(what)
	}
	r.advance(1)
	r.path = append(r.path, step{})
	for i := 0; r.s[r.pos] != ']'; i++ {
		if i > 0 {
			r.advance(1) // the comma
		}
		r.path[len(r.path)-1].index = i + 1
		r.element()
		item(i)
	}
	r.path = r.path[:len(r.path)-1]
	r.advance(1)
}

// object calls field for each member of the object that comes next; field reads the value, or returns false if it
// knows no such key. A key that occurs twice is refused, however it is spelled.
func (r *reader) object(what string, field func(key string) bool) {
	if r.kind() != '{' {
		r.expected(what)
	}
	r.advance(1)
	var seen keySet
	for first := true; r.s[r.pos] != '}'; first = false {
		if !first {
			r.advance(1) // the comma
		}
		r.element()
		key := r.string()
		if !seen.add(key) {
			r.fail("key %s occurs twice", quoteKey(key))
		}
		r.advance(1) // the colon
		r.path = append(r.path, step{key: key})
		if !field(key) {
			r.path = r.path[:len(r.path)-1]
			r.fail("unknown field %s", quoteKey(key))
		}
		r.path = r.path[:len(r.path)-1]
	}
	r.advance(1)
}

// keySet holds the keys of one object: in place while they are few.
type keySet struct {
	few  [12]string
	n    int
	many map[string]struct{}
}

// add returns false if key was there.
func (k *keySet) add(key string) bool {
	for _, other := range k.few[:min(k.n, len(k.few))] {
		if other == key {
			return false
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return true
	}
	if _, ok := k.many[key]; ok {
		return false
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	k.many[key] = struct{}{}
	return true
}
