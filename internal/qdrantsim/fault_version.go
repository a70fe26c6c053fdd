package qdrantsim

import (
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// knowsIDF says whether a server of the version knows the search parameter idf,
// which came with 1.19. Older ones skip the field without a word.
func knowsIDF(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	return errA == nil && errB == nil && (a > 1 || a == 1 && b >= 19)
}

// withoutIDF removes the raw field idf and keeps the others.
func withoutIDF(raw []byte) []byte {
	var out []byte
	for len(raw) > 0 {
		n, kind, head := protowire.ConsumeTag(raw)
		size := protowire.ConsumeFieldValue(n, kind, raw[max(head, 0):])
		if head < 0 || size < 0 {
			return append(out, raw...)
		}
		if n != idfField {
			out = append(out, raw[:head+size]...)
		}
		raw = raw[head+size:]
	}
	return out
}
