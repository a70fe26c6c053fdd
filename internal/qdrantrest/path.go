package qdrantrest

import (
	"net/http"
	"strings"
)

// maxSegments is more than any route has.
const maxSegments = 8

// splitPath cuts an escaped path into its segments. It takes one spelling only, because the server takes several
// (escapes, repeated slashes, a slash at the end) for the same path: letters, digits, "-", "_", "." and "~" between
// single slashes, no "." or ".." segment, and at most one slash at the end.
func splitPath(path string) ([]string, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, notFound("the path must begin with a slash")
	}
	path = strings.TrimSuffix(path[1:], "/")
	if path == "" {
		return nil, nil
	}
	segments := strings.Split(path, "/")
	if len(segments) > maxSegments {
		return nil, notFound("no such path")
	}
	for _, s := range segments {
		if err := checkSegment(s); err != nil {
			return nil, err
		}
	}
	return segments, nil
}

func checkSegment(s string) error {
	switch s {
	case "":
		return notFound("the path has an empty segment; write single slashes")
	case ".", "..":
		return notFound("the path has a dot segment; write the path in full")
	}
	for i := range len(s) {
		if !segmentByte(s[i]) {
			return notFound("the path has a character other than letters, digits, '-', '_', '.' and '~'; escapes are not taken")
		}
	}
	return nil
}

func segmentByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '_' || c == '.' || c == '~'
}

func notFound(text string) *Error {
	return &Error{Status: http.StatusNotFound, Message: "Not found: " + text}
}
