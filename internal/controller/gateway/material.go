package gateway

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
)

const (
	// renewBefore its end a token is replaced: half of its life remains for an operator that is away.
	renewBefore = credential.UpstreamTokenLifetime / 2
	// freshEnough is the life that a token must have left to be kept while others are replaced: what is written anyway is
	// written with tokens that need no further write soon.
	freshEnough = credential.UpstreamTokenLifetime * 3 / 4

	// maxTokens bounds all tokens together, in bytes: a Secret holds 1 MiB.
	maxTokens = 900 << 10
	// maxToken bounds one: it travels in a header.
	maxToken = 8 << 10
	// tokenOverhead is what JSON adds to a token and to each collection in its list.
	tokenOverhead, accessOverhead = 80, 40
)

// want is what the material of a plane should hold.
type want struct {
	// material without tokens and time.
	material credential.GatewayMaterial
	sets     []set
	key      boundary.Secret
}

// outcome is what next decided.
type outcome struct {
	material credential.GatewayMaterial
	// changed: material is not what stands, and must be written.
	changed bool
	// leftOut counts the sets that have no token because they do not fit.
	leftOut int
}

// next decides what should stand where standing does: just that, if it is as wanted and no token's end is near, so that a
// settled plane is not written to.
func (w want) next(standing credential.GatewayMaterial, now time.Time) (outcome, error) {
	have := map[string]credential.UpstreamToken{}
	for _, t := range standing.Tokens {
		if t.Genuine(w.key) {
			have[set(t.Access).key()] = t
		}
	}
	kept, leftOut, err := w.tokens(have, now, renewBefore)
	if err != nil {
		return outcome{}, err
	}
	if same(standing, w.material) && sameTokens(standing.Tokens, kept) {
		return outcome{material: standing, leftOut: leftOut}, nil
	}
	m := w.material
	m.Issued = now.UTC()
	m.Tokens, leftOut, err = w.tokens(have, now, freshEnough)
	return outcome{material: m, changed: true, leftOut: leftOut}, err
}

// tokens makes one for each set, or keeps the one in hand that lives longer than atLeast.
func (w want) tokens(
	have map[string]credential.UpstreamToken, now time.Time, atLeast time.Duration,
) (out []credential.UpstreamToken, leftOut int, err error) {
	room := maxTokens
	for _, s := range w.sets {
		t, ok := have[s.key()]
		if !ok || t.Expires.Sub(now) <= atLeast || t.Expires.Sub(now) > credential.UpstreamTokenLifetime+time.Minute {
			if t, err = credential.MintUpstreamToken(w.key, s, now.Add(credential.UpstreamTokenLifetime)); err != nil {
				return nil, 0, fmt.Errorf("mint a token for the gateway: %w", err)
			}
		}
		size := weight(t)
		if size > room || len(s) > 1 && len(t.Token.Reveal()) > maxToken {
			leftOut++
			continue
		}
		room -= size
		out = append(out, t)
	}
	return out, leftOut, nil
}

// weight of a token in the Secret, in bytes, rather too much than too little.
func weight(t credential.UpstreamToken) int {
	n := len(t.Token.Reveal()) + tokenOverhead
	for _, a := range t.Access {
		n += len(a.Collection) + accessOverhead
	}
	return n
}

// due is how long after now the first token must be replaced, 0 where there is none.
func due(m credential.GatewayMaterial, now time.Time) time.Duration {
	var first time.Duration
	for _, t := range m.Tokens {
		if left := max(t.Expires.Sub(now)-renewBefore, time.Second); first == 0 || left < first {
			first = left
		}
	}
	return first
}

// same compares everything but tokens and time.
func same(a, b credential.GatewayMaterial) bool {
	return a.Plane == b.Plane && a.Installation == b.Installation && bytes.Equal(a.IDMapping, b.IDMapping) &&
		a.VerifyKey.Equal(b.VerifyKey) && a.ServerVersion == b.ServerVersion && bytes.Equal(a.CA, b.CA)
}

func sameTokens(a, b []credential.UpstreamToken) bool {
	return slices.EqualFunc(a, b, func(x, y credential.UpstreamToken) bool { return x.Token == y.Token })
}
