package qdrantrest

// text reads a string; the quote is at c.pos.
func (c *syntax) text() string {
	c.pos++
	for c.pos < len(c.s) {
		switch b := c.s[c.pos]; {
		case b == '"':
			c.pos++
			return ""
		case b < ' ':
			return "a control character in a string"
		case b == '\\':
			if problem := c.escape(); problem != "" {
				return problem
			}
		default:
			c.pos++
		}
	}
	return "a string without an end"
}

// escape reads one escape, or two that make a pair of surrogates.
func (c *syntax) escape() string {
	if c.pos+1 >= len(c.s) {
		return "a string without an end"
	}
	switch c.s[c.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		c.pos += 2
		return ""
	case 'u':
		unit, ok := hex4(c.s, c.pos+2)
		if !ok {
			return "an escape that is none"
		}
		if isSurrogate(unit) {
			low, ok := lowSurrogate(c.s, c.pos+6)
			if !ok || unit >= 0xDC00 || low == 0 {
				return "half a surrogate pair"
			}
			c.pos += 6
		}
		c.pos += 6
		return ""
	}
	return "an escape that is none"
}

func isSurrogate(unit rune) bool { return 0xD800 <= unit && unit < 0xE000 }

// lowSurrogate reads the second half of a pair at i.
func lowSurrogate(s string, i int) (rune, bool) {
	if i+1 >= len(s) || s[i] != '\\' || s[i+1] != 'u' {
		return 0, false
	}
	unit, ok := hex4(s, i+2)
	return unit, ok && 0xDC00 <= unit && unit < 0xE000
}

func hex4(s string, i int) (rune, bool) {
	if i+4 > len(s) {
		return 0, false
	}
	var unit rune
	for _, b := range []byte(s[i : i+4]) {
		switch {
		case '0' <= b && b <= '9':
			unit = unit<<4 | rune(b-'0')
		case 'a' <= b|0x20 && b|0x20 <= 'f':
			unit = unit<<4 | rune(b|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}

// number reads -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
func (c *syntax) number() string {
	if c.at('-') {
		c.pos++
	}
	if c.at('0') {
		c.pos++
	} else if !c.digits() {
		return "expected a digit"
	}
	if c.at('.') {
		c.pos++
		if !c.digits() {
			return "expected a digit"
		}
	}
	if c.at('e') || c.at('E') {
		c.pos++
		if c.at('+') || c.at('-') {
			c.pos++
		}
		if !c.digits() {
			return "expected a digit"
		}
	}
	return ""
}

// digits reads one or more.
func (c *syntax) digits() bool {
	from := c.pos
	for c.pos < len(c.s) && '0' <= c.s[c.pos] && c.s[c.pos] <= '9' {
		c.pos++
	}
	return c.pos > from
}
