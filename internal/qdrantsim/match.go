package qdrantsim

import (
	"slices"
	"strings"
	"unicode"

	"github.com/qdrant/go-client/qdrant"
)

// matcher is a compiled match. An index that serves it may change what matches:
// only values that the index holds count, a text index compares words, a uuid
// index parsed UUIDs, and an integer index takes 3.0 for 3.
type matcher struct {
	plain   valueCheck        // without a serving index
	except  bool              // turn the comparison around
	strings []string          // what a keyword or uuid index compares with
	ints    []int64           // what an integer index compares with
	words   func(string) bool // what a text index does instead
	uses    []indexUse
}

func (m *matcher) matches(v *qdrant.Value, index *fieldIndex) bool {
	s, isString := v.GetKind().(*qdrant.Value_StringValue)
	switch {
	case index == nil:
	case index.kind == qdrant.PayloadSchemaType_Text && m.words != nil:
		return isString && m.words(s.StringValue)
	case index.serves(m.uses):
		return index.holds(v) && m.matchesHeld(v, index.kind)
	}
	return m.plain(v)
}

func (m *matcher) matchesHeld(v *qdrant.Value, kind qdrant.PayloadSchemaType) bool {
	switch kind {
	case qdrant.PayloadSchemaType_Integer:
		i, _ := wholeNumber(v)
		return slices.Contains(m.ints, i) != m.except
	case qdrant.PayloadSchemaType_Uuid:
		same := func(want string) bool { return sameUUID(want, v.GetStringValue()) }
		return slices.ContainsFunc(m.strings, same) != m.except
	}
	return m.plain(v)
}

func compileMatch(m *qdrant.Match) (*matcher, error) {
	switch o := m.GetMatchValue().(type) {
	case *qdrant.Match_Keyword:
		return matchStrings([]string{o.Keyword}), nil
	case *qdrant.Match_Keywords:
		return matchStrings(o.Keywords.GetStrings()), nil
	case *qdrant.Match_Integer:
		return matchIntegers([]int64{o.Integer}), nil
	case *qdrant.Match_Integers:
		return matchIntegers(o.Integers.GetIntegers()), nil
	case *qdrant.Match_Boolean:
		return &matcher{uses: []indexUse{useBoolMatch}, plain: func(v *qdrant.Value) bool {
			b, ok := v.GetKind().(*qdrant.Value_BoolValue)
			return ok && b.BoolValue == o.Boolean
		}}, nil
	case *qdrant.Match_ExceptKeywords:
		return matchStrings(o.ExceptKeywords.GetStrings()).reversed(), nil
	case *qdrant.Match_ExceptIntegers:
		return matchIntegers(o.ExceptIntegers.GetIntegers()).reversed(), nil
	case *qdrant.Match_Text:
		return matchText(useText, func(s string) bool { return strings.Contains(s, o.Text) },
			func(s string) bool { return hasTokens(s, o.Text, true) }), nil
	case *qdrant.Match_TextAny:
		return matchText(useText, func(s string) bool { return containsAny(s, o.TextAny) },
			func(s string) bool { return hasTokens(s, o.TextAny, false) }), nil
	case *qdrant.Match_Phrase: // an index without phrase matching has no phrases
		return matchText(useTextPhrase, func(s string) bool { return strings.Contains(s, o.Phrase) },
			func(string) bool { return false }), nil
	}
	return nil, malformed("Malformed Match condition")
}

func matchStrings(want []string) *matcher {
	m := &matcher{strings: want, plain: func(v *qdrant.Value) bool {
		s, ok := v.GetKind().(*qdrant.Value_StringValue)
		return ok && slices.Contains(want, s.StringValue)
	}}
	if len(want) == 0 { // matches nothing, so needs no index
		return m
	}
	if !slices.ContainsFunc(want, func(s string) bool { return !isUUID(s) }) {
		m.uses = append(m.uses, useUUIDMatch)
	}
	m.uses = append(m.uses, useKeywordMatch)
	return m
}

func matchIntegers(want []int64) *matcher {
	m := &matcher{ints: want, plain: func(v *qdrant.Value) bool {
		i, ok := v.GetKind().(*qdrant.Value_IntegerValue)
		return ok && slices.Contains(want, i.IntegerValue)
	}}
	if len(want) > 0 {
		m.uses = []indexUse{useIntegerMatch}
	}
	return m
}

// reversed matches every value but the listed ones; a null is no value.
func (m *matcher) reversed() *matcher {
	out := *m
	out.except = true
	out.plain = func(v *qdrant.Value) bool { return !isNull(v) && !m.plain(v) }
	return &out
}

func matchText(use indexUse, check, words func(string) bool) *matcher {
	return &matcher{words: words, uses: []indexUse{use}, plain: func(v *qdrant.Value) bool {
		s, ok := v.GetKind().(*qdrant.Value_StringValue)
		return ok && check(s.StringValue)
	}}
}

func containsAny(s, words string) bool {
	return slices.ContainsFunc(strings.Fields(words), func(w string) bool { return strings.Contains(s, w) })
}

// hasTokens compares as the default word tokenizer does: all of the query's
// words must occur, or any.
func hasTokens(s, query string, all bool) bool {
	have := tokens(s)
	for _, w := range tokens(query) {
		if slices.Contains(have, w) != all {
			return !all
		}
	}
	return all
}

func tokens(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

func isUUID(s string) bool {
	_, err := parseUUID(s)
	return err == nil
}

func sameUUID(a, b string) bool {
	ua, errA := parseUUID(a)
	ub, errB := parseUUID(b)
	return errA == nil && errB == nil && ua == ub
}
