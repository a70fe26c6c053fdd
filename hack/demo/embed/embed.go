// Package embed turns text into vectors by feature hashing: no model, no download, the same result everywhere. Texts that
// share words and word pairs come out close, which is enough for a demo whose hits a reader should find sensible.
package embed

import (
	"hash/fnv"
	"math"
	"strings"
	"unicode"
)

// Dimension of every vector.
const Dimension = 256

// bigramWeight is what a pair of neighbouring words counts, beside the 1 of a word.
const bigramWeight = 0.5

// Text returns the vector of a text: lower-case words and their pairs, hashed with a sign into Dimension buckets and
// normalised to length 1. A text without words is the zero vector.
func Text(text string) []float32 {
	var sum [Dimension]float64
	previous := ""
	for _, word := range words(text) {
		add(&sum, word, 1)
		if previous != "" {
			add(&sum, previous+" "+word, bigramWeight)
		}
		previous = word
	}
	return normalise(sum)
}

// add puts a feature into its bucket. The sign makes collisions cancel out on average instead of adding up.
func add(sum *[Dimension]float64, feature string, weight float64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(feature)) // a hash never fails to be written to
	bits := h.Sum64()
	if bits>>63 == 1 {
		weight = -weight
	}
	sum[bits%Dimension] += weight
}

func normalise(sum [Dimension]float64) []float32 {
	var square float64
	for _, v := range sum {
		square += v * v
	}
	out := make([]float32, Dimension)
	if square == 0 {
		return out
	}
	for i, v := range sum {
		out[i] = float32(v / math.Sqrt(square))
	}
	return out
}

// words splits at whatever is neither letter nor digit, and leaves out words that say nothing about a text.
func words(text string) []string {
	all := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	kept := all[:0]
	for _, w := range all {
		if !stopWords[w] {
			kept = append(kept, stem(w))
		}
	}
	return kept
}

// stem takes off a plural's s: enough to let "implant" find "implants".
func stem(word string) string {
	if len(word) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
		return word[:len(word)-1]
	}
	return word
}

var stopWords = set(`a after all an and any are as at be been before but by can do does for from had has have how i if in is it
	its many much must not of on one or our shall should so such that the their them then there they this to was we were what
	when where whether which who will with within without you`)

func set(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}
