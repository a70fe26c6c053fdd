package qdrantrest

import (
	"fmt"
	"net/http"
	"unicode/utf8"
)

// MaxDepth bounds how deep arrays and objects of a body may nest. Qdrant's own bound on nested prefetches is as deep,
// and no request that a client builds comes near it.
const MaxDepth = 64

// syntax checks that a text is one JSON value, in one pass that allocates nothing.
type syntax struct {
	s       string
	pos     int
	depth   int
	objects uint64 // bit d: the container at depth d+1 is an object
}

// checkSyntax returns an *Error unless s is exactly one JSON value, in UTF-8, not deeper than MaxDepth.
func checkSyntax(s string) error {
	if !utf8.ValidString(s) {
		return formatError("the text is not UTF-8")
	}
	c := syntax{s: s}
	if problem := c.run(); problem != "" {
		return formatError("%s at byte %d", problem, c.pos)
	}
	return nil
}

func formatError(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Message: "Format error in JSON body: " + fmt.Sprintf(format, args...)}
}

// run reads values until the outermost one is closed, and then nothing but space.
func (c *syntax) run() string {
	for {
		opened, problem := c.value()
		if problem != "" {
			return problem
		}
		if opened {
			continue
		}
		if problem := c.afterValue(); problem != "" {
			return problem
		}
		if c.depth == 0 {
			if c.space(); c.pos < len(c.s) {
				return "something follows the value"
			}
			return ""
		}
	}
}

// value reads a scalar or an empty container whole, or opens a container and, in an object, reads the first key.
func (c *syntax) value() (opened bool, problem string) {
	c.space()
	if c.pos >= len(c.s) {
		return false, "the text ends too early"
	}
	switch b := c.s[c.pos]; {
	case b == '{' || b == '[':
		return c.open(b == '{')
	case b == '"':
		return false, c.text()
	case b == '-' || '0' <= b && b <= '9':
		return false, c.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if len(c.s)-c.pos >= len(word) && c.s[c.pos:c.pos+len(word)] == word {
			c.pos += len(word)
			return false, ""
		}
	}
	return false, "expected a value"
}

func (c *syntax) open(object bool) (bool, string) {
	if c.depth == MaxDepth {
		return false, fmt.Sprintf("more than %d levels of arrays and objects", MaxDepth)
	}
	c.pos++
	c.objects &^= 1 << c.depth
	if object {
		c.objects |= 1 << c.depth
	}
	c.depth++
	c.space()
	if c.at(closing(object)) {
		c.pos++
		c.depth--
		return false, ""
	}
	if object {
		return true, c.key()
	}
	return true, ""
}

// afterValue closes what ends here and reads up to the next value, with its key in an object.
func (c *syntax) afterValue() string {
	for c.depth > 0 {
		object := c.objects>>(c.depth-1)&1 == 1
		c.space()
		switch {
		case c.at(','):
			c.pos++
			if object {
				return c.key()
			}
			return ""
		case c.at(closing(object)):
			c.pos++
			c.depth--
		default:
			return "expected a comma or the end of the array or object"
		}
	}
	return ""
}

func (c *syntax) key() string {
	if c.space(); !c.at('"') {
		return "expected a key"
	}
	if problem := c.text(); problem != "" {
		return problem
	}
	if c.space(); !c.at(':') {
		return "expected a colon"
	}
	c.pos++
	return ""
}

func (c *syntax) at(b byte) bool { return c.pos < len(c.s) && c.s[c.pos] == b }

func (c *syntax) space() {
	for c.pos < len(c.s) && isSpace(c.s[c.pos]) {
		c.pos++
	}
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

func closing(object bool) byte {
	if object {
		return '}'
	}
	return ']'
}
