package credential

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// Token returns the least powerful live token that covers access: the one that opens the fewest collections, then the
// fewest for writing, then the one that lives longest. ok=false: there is none. Access to nothing has no token either.
// It is safe for concurrent use, and quick on what ParseGatewayMaterial returned: gateways ask it for every request.
func (m *GatewayMaterial) Token(access []scopeqdrant.Access, now time.Time) (boundary.Secret, bool) {
	return m.choose(access, now, func(UpstreamToken) bool { return true })
}

// TokenWithin is Token among those that open nothing beyond own, which is sorted by collection, each once: where no token
// opens just what is asked for, another tenant's must not take its place.
func (m *GatewayMaterial) TokenWithin(access, own []scopeqdrant.Access, now time.Time) (boundary.Secret, bool) {
	return m.choose(access, now, func(t UpstreamToken) bool { return covers(own, t.Access) })
}

func (m *GatewayMaterial) choose(access []scopeqdrant.Access, now time.Time, fits func(UpstreamToken) bool) (boundary.Secret, bool) {
	if len(access) == 0 {
		return "", false
	}
	index := m.byCollection
	if index == nil {
		index = weakestFirst(m.Tokens)
	}
	for _, t := range index[access[0].Collection] {
		if now.Before(t.Expires) && covers(t.Access, access) && fits(t) {
			return t.Token, true
		}
	}
	return "", false
}

// weakestFirst lists for every collection the tokens that open it, least powerful first.
func weakestFirst(tokens []UpstreamToken) map[string][]UpstreamToken {
	sorted := slices.SortedStableFunc(slices.Values(tokens), compareTokens)
	index := map[string][]UpstreamToken{}
	for _, t := range sorted {
		for _, a := range t.Access {
			index[a.Collection] = append(index[a.Collection], t)
		}
	}
	return index
}

func compareTokens(a, b UpstreamToken) int {
	return cmp.Or(
		cmp.Compare(len(a.Access), len(b.Access)),
		cmp.Compare(writes(a.Access), writes(b.Access)),
		b.Expires.Compare(a.Expires),
	)
}

func writes(list []scopeqdrant.Access) int {
	n := 0
	for _, a := range list {
		if a.Write {
			n++
		}
	}
	return n
}

// covers says whether a token with the sorted list have opens everything in want.
func covers(have, want []scopeqdrant.Access) bool {
	for _, w := range want {
		i, ok := slices.BinarySearchFunc(have, w.Collection, func(a scopeqdrant.Access, name string) int {
			return strings.Compare(a.Collection, name)
		})
		if !ok || w.Write && !have[i].Write {
			return false
		}
	}
	return true
}
