package identity

import (
	"strings"
	"testing"
)

func TestLRU(t *testing.T) {
	l := newLRU[int](2)
	a, b, c := digestOf("a"), digestOf("b"), digestOf("c")
	l.put(a, 1)
	l.put(b, 2)
	l.get(a)
	l.put(c, 3) // pushes out b, which was used least
	l.put(a, 4)
	for key, want := range map[digest]int{a: 4, b: 0, c: 3} {
		if got, ok := l.get(key); got != want || ok != (want != 0) {
			t.Errorf("got %d, %t, want %d", got, ok, want)
		}
	}
	l.remove(a)
	l.remove(a)
	if _, ok := l.get(a); ok || l.order.Len() != 1 || len(l.items) != 1 {
		t.Error("removed, and still there")
	}
}

// TestDigest: long tokens are no prefix of each other.
func TestDigest(t *testing.T) {
	long := strings.Repeat("a", 3000)
	seen := map[digest]bool{}
	for _, s := range []string{"", "a", long[:2047], long[:2048], long[:2049], long} {
		seen[digestOf(s)] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d digests of 6 tokens", len(seen))
	}
}
