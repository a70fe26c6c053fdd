package qdrantsim

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/qdrant/go-client/qdrant"
)

// jsonPath addresses values in a payload: a first key, then keys, indexes and
// "[]" for every element. `tenant_id` and `"tenant_id"` are the same path.
type jsonPath struct {
	first string
	rest  []pathItem
}

type pathKind uint8

const (
	pathKey pathKind = iota
	pathIndex
	pathWildcard
)

type pathItem struct {
	kind  pathKind
	key   string
	index int
}

func parsePath(s string) (jsonPath, error) {
	first, rest, ok := cutKey(s)
	if !ok {
		return jsonPath{}, malformed("Invalid json path: '%s'", s)
	}
	p := jsonPath{first: first}
	for rest != "" {
		var item pathItem
		if item, rest, ok = cutItem(rest); !ok {
			return jsonPath{}, malformed("Invalid json path: '%s'", s)
		}
		p.rest = append(p.rest, item)
	}
	return p, nil
}

func cutItem(s string) (pathItem, string, bool) {
	if rest, ok := strings.CutPrefix(s, "[]"); ok {
		return pathItem{kind: pathWildcard}, rest, true
	}
	if rest, ok := strings.CutPrefix(s, "."); ok {
		key, rest, ok := cutKey(rest)
		return pathItem{kind: pathKey, key: key}, rest, ok
	}
	digits, rest, ok := strings.Cut(strings.TrimPrefix(s, "["), "]")
	index, err := strconv.ParseUint(digits, 10, 31)
	return pathItem{kind: pathIndex, index: int(index)}, rest, ok && err == nil && s[0] == '['
}

func cutKey(s string) (key, rest string, ok bool) {
	if quoted, isQuoted := strings.CutPrefix(s, `"`); isQuoted {
		key, rest, ok = strings.Cut(quoted, `"`)
		return key, rest, ok && !strings.Contains(key, `\`)
	}
	end := strings.IndexFunc(s, func(r rune) bool { return !plainKeyRune(r) })
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:], end > 0
}

func plainKeyRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' || r == '-'
}

// String is the canonical spelling: keys are quoted only where they must be.
func (p jsonPath) String() string {
	var b strings.Builder
	b.WriteString(quoteKey(p.first))
	for _, item := range p.rest {
		switch item.kind {
		case pathKey:
			b.WriteString("." + quoteKey(item.key))
		case pathIndex:
			b.WriteString("[" + strconv.Itoa(item.index) + "]")
		case pathWildcard:
			b.WriteString("[]")
		}
	}
	return b.String()
}

func quoteKey(k string) string {
	if k == "" || strings.ContainsFunc(k, func(r rune) bool { return !plainKeyRune(r) }) {
		return `"` + k + `"`
	}
	return k
}

// array is the path of the elements of the array at p: "a" gives "a[]".
func (p jsonPath) array() jsonPath {
	if n := len(p.rest); n > 0 && p.rest[n-1].kind == pathWildcard {
		return p
	}
	return jsonPath{p.first, append(p.rest[:len(p.rest):len(p.rest)], pathItem{kind: pathWildcard})}
}

// under is p seen from outside a nested condition at prefix.
func (p jsonPath) under(prefix *jsonPath) jsonPath {
	if prefix == nil {
		return p
	}
	return jsonPath{prefix.first, slices.Concat(prefix.rest, []pathItem{{kind: pathKey, key: p.first}}, p.rest)}
}

// get collects the values at p. An array on the way is entered only by an index
// or a wildcard; an array at the end is one value.
func (p jsonPath) get(payload payload) []*qdrant.Value {
	v, ok := payload[p.first]
	if !ok {
		return nil
	}
	return collect(nil, v, p.rest)
}

func collect(out []*qdrant.Value, v *qdrant.Value, rest []pathItem) []*qdrant.Value {
	if len(rest) == 0 {
		return append(out, v)
	}
	list := v.GetListValue().GetValues()
	switch item := rest[0]; item.kind {
	case pathKey:
		if field, ok := v.GetStructValue().GetFields()[item.key]; ok {
			return collect(out, field, rest[1:])
		}
	case pathIndex:
		if item.index < len(list) {
			return collect(out, list[item.index], rest[1:])
		}
	case pathWildcard:
		for _, e := range list {
			out = collect(out, e, rest[1:])
		}
	}
	return out
}
