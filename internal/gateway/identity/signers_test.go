package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
)

// publisher stands for an API server that publishes the keys which it signs tokens with.
type publisher struct {
	keys  []jose.JSONWebKey // private
	asked int
	fails bool
}

func newPublisher(t *testing.T, ids ...string) *publisher {
	t.Helper()
	p := &publisher{}
	for _, id := range ids {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p.keys = append(p.keys, jose.JSONWebKey{Key: key, KeyID: id})
	}
	return p
}

func (p *publisher) read(context.Context) ([]byte, error) {
	p.asked++
	if p.fails {
		return nil, errors.New("forbidden")
	}
	var set jose.JSONWebKeySet
	for _, k := range p.keys {
		set.Keys = append(set.Keys, k.Public())
	}
	return json.Marshal(set)
}

// sign makes token number i of an account with the i-th key.
func (p *publisher) sign(t *testing.T, key int, namespace, name string, i int) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"aud": Audience, "exp": epoch.Add(time.Hour).Unix(), "jti": fmt.Sprint(i), "sub": "system:serviceaccount:" + namespace + ":" + name,
	})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.keys[key]}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestVouch(t *testing.T) {
	p := newPublisher(t, "a", "b")
	good, other := p.sign(t, 0, "team", "worker", 1), newPublisher(t, "a").sign(t, 0, "team", "worker", 1)
	head, _, _ := strings.Cut(good, ".")
	cut := strings.LastIndex(good, ".")
	for name, tc := range map[string]struct {
		token string
		want  bool
	}{
		"signed":                  {good, true},
		"with the other key":      {p.sign(t, 1, "team", "worker", 1), true},
		"another key of the name": {other, false},
		"an unknown key":          {newPublisher(t, "c").sign(t, 0, "team", "worker", 1), false},
		"another body":            {head + "." + strings.Split(numbered("team", "worker", 2), ".")[1] + good[cut:], false},
		"another signature":       {good[:cut] + other[strings.LastIndex(other, "."):], false},
		"nobody signed it":        {numbered("team", "worker", 1), false},
		"no token":                {"a.b.c", false},
		"hmac, with a public key": {"eyJhbGciOiJIUzI1NiIsImtpZCI6ImEifQ" + good[len(head):], false},
		"unsigned":                {"eyJhbGciOiJub25lIn0" + good[len(head):], false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSigners(p.read, clocktesting.NewFakeClock(epoch))
			if got := s.vouch(t.Context(), tc.token); got != tc.want {
				t.Errorf("vouches: %t", got)
			}
		})
	}
	if newSigners(nil, clocktesting.NewFakeClock(epoch)).vouch(t.Context(), good) {
		t.Error("vouched without any key")
	}
}

// TestKeysAreReadSeldom, and anew when there is one more; those that are known count while they cannot be.
func TestKeysAreReadSeldom(t *testing.T) {
	p, c := newPublisher(t, "a", "b"), clocktesting.NewFakeClock(epoch)
	first, second := p.sign(t, 0, "team", "worker", 1), p.sign(t, 1, "team", "worker", 1)
	all := p.keys
	p.keys = p.keys[:1]
	s := newSigners(p.read, c)
	for i, step := range []struct {
		do    func()
		token string
		want  bool
		asked int
	}{
		{func() {}, first, true, 1},
		{func() {}, first, true, 1},
		{func() { p.keys = all }, second, false, 1},
		{func() { c.Step(keysEvery - 1) }, second, false, 1},
		{func() { c.Step(1) }, second, true, 2},
		{func() { p.fails = true; c.Step(keysEvery) }, numbered("team", "worker", 1), false, 3}, // no known key's
		{func() {}, newPublisher(t, "c").sign(t, 0, "team", "worker", 1), false, 3},
		{func() {}, second, true, 3},
	} {
		step.do()
		if got := s.vouch(t.Context(), step.token); got != step.want || p.asked != step.asked {
			t.Errorf("step %d: vouches %t after reading %d times, want %t after %d", i, got, p.asked, step.want, step.asked)
		}
	}
}

// TestSignedTokensNeedNotQueue with those that were made up in the name of the same account.
func TestSignedTokensNeedNotQueue(t *testing.T) {
	r, p := newRig(t), newPublisher(t, "a")
	r.accounts.signers = newSigners(p.read, r.clock)
	r.server.revoke.Store(true)
	for i := range 2 * unknownBurst {
		r.outcomeOf(t, with(HeaderAPIKey, numbered("team", "worker", i)))
	}
	r.server.revoke.Store(false)
	r.expect(t, "Unavailable TokenReviewUnavailable", with(HeaderAPIKey, numbered("team", "worker", -1)))
	for i := range signedBurst {
		r.expect(t, "acme ServiceAccount", with(HeaderAPIKey, p.sign(t, 0, "team", "worker", i)))
	}
	r.expect(t, "Unavailable TokenReviewUnavailable", with(HeaderAPIKey, p.sign(t, 0, "team", "worker", -1)))
	r.expect(t, "acme Header", with(HeaderAPIKey, p.sign(t, 0, "product", "batch", -1), HeaderTenant, "acme"))
}

// TestASignatureIsNotEnough: what counts is what the API server says of the token.
func TestASignatureIsNotEnough(t *testing.T) {
	r, p := newRig(t), newPublisher(t, "a")
	r.accounts.signers = newSigners(p.read, r.clock)
	r.server.revoke.Store(true)
	r.expect(t, "Unauthenticated InvalidToken", with(HeaderAPIKey, p.sign(t, 0, "team", "worker", 1)))
}

// TestAFloodOnARealCluster: where the gateway may read the keys, the genuine tokens of an account get past those that were made
// up in its name. Where it may not, they wait like them.
func TestAFloodOnARealCluster(t *testing.T) {
	c := newCluster(t)
	c.account("team", "worker")
	flood := func() {
		for i := range 2 * unknownBurst {
			c.outcomeOf(t, with(HeaderAPIKey, jwt(map[string]any{
				"aud": Audience, "exp": c.clock.Now().Add(time.Hour).Unix(), "jti": fmt.Sprint(i), "sub": "system:serviceaccount:team:worker",
			})))
		}
	}
	flood()
	c.expect(t, "Unavailable TokenReviewUnavailable", with(HeaderAPIKey, c.token("team", "worker", Audience)))
	if _, err := c.admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "gateway-reads-keys"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:service-account-issuer-discovery"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "gateway"}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.await("acme ServiceAccount", with(HeaderAPIKey, c.token("team", "worker", Audience)))
	flood()
	for i := range 10 {
		c.expect(t, "acme ServiceAccount", with(HeaderAPIKey, c.token("team", "worker", Audience, fmt.Sprint("another-", i))))
	}
	if keys := c.accounts.signers.keys.Load(); keys == nil || len(keys.Keys) == 0 {
		t.Error("no key was read from the API server")
	}
}
