package qdrant

// uuidText is the length of a hyphenated UUID.
const uuidText = 36

// parseUUID reads the spellings that the server reads, no more: 32 digits, hyphenated, {hyphenated} and
// urn:uuid:hyphenated; hexadecimal digits in either case.
func parseUUID(s string, out *[16]byte) bool {
	switch {
	case len(s) == 32:
		return hexPairs(s, out[:])
	case len(s) == 38 && s[0] == '{' && s[37] == '}':
		s = s[1:37]
	case len(s) == 45 && s[:9] == "urn:uuid:":
		s = s[9:]
	}
	return len(s) == uuidText && hyphenated(s, out)
}

// hyphenated reads 8-4-4-4-12 digits.
func hyphenated(s string, out *[16]byte) bool {
	if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	return hexPairs(s[:8], out[:4]) && hexPairs(s[9:13], out[4:6]) && hexPairs(s[14:18], out[6:8]) &&
		hexPairs(s[19:23], out[8:10]) && hexPairs(s[24:], out[10:])
}

func hexPairs(s string, out []byte) bool {
	for i := range out {
		hi, lo := hexDigit(s[2*i]), hexDigit(s[2*i+1])
		if hi > 15 || lo > 15 {
			return false
		}
		out[i] = hi<<4 | lo
	}
	return true
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

const hexDigits = "0123456789abcdef"

// formatUUID writes the canonical spelling, as the server answers it.
func formatUUID(b *[16]byte) string {
	var out [uuidText]byte
	at := 0
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out[at] = '-'
			at++
		}
		out[at], out[at+1] = hexDigits[c>>4], hexDigits[c&15]
		at += 2
	}
	return string(out[:])
}
