package enduser

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tenantry/tenantry/internal/gateway/directory"
)

// outcomeOf is the tenant, or the problem.
func outcomeOf(t testing.TB, v *Verifier, c directory.OIDC, token string) string {
	t.Helper()
	id, err := v.TenantID(t.Context(), c, token)
	if err == nil {
		return id
	}
	var refused *Error
	if !errors.As(err, &refused) || id != "" {
		t.Fatalf("%q, %v: not an *Error alone", id, err)
	}
	for _, part := range strings.Split(token, ".") {
		if len(part) > 8 && strings.Contains(refused.Message, part) {
			t.Errorf("the message repeats a part of the token: %s", refused.Message)
		}
	}
	if refused.Message == "" {
		t.Error("no message")
	}
	return string(refused.Problem)
}

const (
	invalid     = string(Invalid)
	noTenant    = string(NoTenant)
	unavailable = string(Unavailable)
)

func TestTokens(t *testing.T) {
	good, other, second, third := rsaKey(t, "k1"), rsaKey(t, "k1"), ecKey(t, "k2"), edKey(t, "k3")
	p := newProvider(t, good, second, third)
	b64 := base64.RawURLEncoding.EncodeToString
	hs256 := func(secret []byte) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, p.claims())
		token.Header["kid"] = "k1"
		signed, err := token.SignedString(secret)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	unsigned := func(alg string) string {
		body := strings.Split(good.sign(t, p.claims()), ".")[1]
		return b64([]byte(`{"alg":"`+alg+`","kid":"k1"}`)) + "." + body + "."
	}
	forged := strings.Split(good.sign(t, p.claims()), ".")
	forged[1] = strings.Split(good.sign(t, p.claims(put("https://example.com/tenant", "globex"))), ".")[1]
	for name, tc := range map[string]struct{ token, want string }{
		"RS256":                     {good.sign(t, p.claims()), "acme"},
		"ES256":                     {second.sign(t, p.claims()), "acme"},
		"EdDSA":                     {third.sign(t, p.claims()), "acme"},
		"one of several audiences":  {good.sign(t, p.claims(put("aud", []string{"x", "product"}))), "acme"},
		"alg none":                  {unsigned("none"), invalid},
		"alg None":                  {unsigned("None"), invalid},
		"alg none, with signature":  {unsigned("none") + "c2ln", invalid},
		"alg empty":                 {unsigned(""), invalid},
		"RS256 without signature":   {unsigned("RS256"), invalid},
		"HS256 with the public PEM": {hs256(good.publicPEM(t)), invalid},
		"HS256 with the modulus":    {hs256([]byte(good.public()["n"])), invalid},
		"another key, same id":      {other.sign(t, p.claims()), invalid},
		"claims of another token":   {strings.Join(forged, "."), invalid},
		"another issuer":            {good.sign(t, p.claims(put("iss", "https://evil.example.com"))), invalid},
		"issuer with a slash":       {good.sign(t, p.claims(put("iss", p.URL+"/"))), invalid},
		"no issuer":                 {good.sign(t, p.claims(without("iss"))), invalid},
		"another audience":          {good.sign(t, p.claims(put("aud", "other"))), invalid},
		"no audience":               {good.sign(t, p.claims(without("aud"))), invalid},
		"expired":                   {good.sign(t, p.claims(put("exp", epoch.Add(-time.Second).Unix()))), invalid},
		"no end":                    {good.sign(t, p.claims(without("exp"))), invalid},
		"not yet":                   {good.sign(t, p.claims(put("nbf", epoch.Add(time.Hour).Unix()))), invalid},
		"no claim":                  {good.sign(t, p.claims(without("https://example.com/tenant"))), noTenant},
		"a claim like it":           {good.sign(t, p.claims(without("https://example.com/tenant"), put("https://example.com/Tenant", "acme"))), noTenant},
		"a number":                  {good.sign(t, p.claims(put("https://example.com/tenant", 7))), noTenant},
		"a list":                    {good.sign(t, p.claims(put("https://example.com/tenant", []string{"acme"}))), noTenant},
		"an object":                 {good.sign(t, p.claims(put("https://example.com/tenant", map[string]string{"id": "acme"}))), noTenant},
		"null":                      {good.sign(t, p.claims(put("https://example.com/tenant", nil))), noTenant},
		"true":                      {good.sign(t, p.claims(put("https://example.com/tenant", true))), noTenant},
		"no JWT":                    {"what", invalid},
	} {
		t.Run(name, func(t *testing.T) {
			v, _ := newVerifier(p)
			if got := outcomeOf(t, v, p.config(), tc.token); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

// TestExpiryIsLookedAtEveryTime, by the clock.
func TestExpiryIsLookedAtEveryTime(t *testing.T) {
	k := ecKey(t, "k1")
	p := newProvider(t, k)
	v, clock := newVerifier(p)
	token := k.sign(t, p.claims())
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{0, "acme"}, {time.Hour, "acme"}, {time.Second, invalid}} {
		clock.Step(step.after)
		if got := outcomeOf(t, v, p.config(), token); got != step.want {
			t.Errorf("%s later: %s, want %s", clock.Since(epoch), got, step.want)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	first, second := ecKey(t, "k1"), ecKey(t, "k2")
	p := newProvider(t, first)
	v, clock := newVerifier(p)
	long := put("exp", epoch.Add(100*time.Hour).Unix())
	old, young := first.sign(t, p.claims(long)), second.sign(t, p.claims(long))
	expect := func(what, token, want string) {
		t.Helper()
		if got := outcomeOf(t, v, p.config(), token); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	for range 5 {
		expect("the first key", old, "acme")
	}
	if d, f := p.counts(); d != 1 || f != 1 {
		t.Errorf("%d discoveries and %d fetches for five tokens", d, f)
	}
	expect("a key that is not out yet", young, invalid)
	p.set(func() { p.keys = []key{first, second} })
	await(t, func() string { return outcomeOf(t, v, p.config(), young) }, "acme") // the reading that just ended may still answer
	expect("the first key beside it", old, "acme")

	p.set(func() { p.keys = []key{second} })
	clock.Step(rediscover)
	await(t, func() string { return outcomeOf(t, v, p.config(), old) }, invalid) // serves the old keys until it has read the new ones
	expect("the second key", young, "acme")
}

// await asks until the answer is the wanted one: discovery goes on beside requests.
func await(t testing.TB, ask func() string, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for got := ask(); got != want; got = ask() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s, want %s", got, want)
		case <-tick.C:
		}
	}
}

// TestMadeUpKeys do not flood the provider.
func TestMadeUpKeys(t *testing.T) {
	good := ecKey(t, "k1")
	p := newProvider(t, good)
	v, clock := newVerifier(p)
	stranger := ecKey(t, "")
	answers := map[string]int{}
	for i := range 100 {
		stranger.id = fmt.Sprint("made-up-", i)
		answers[outcomeOf(t, v, p.config(), stranger.sign(t, p.claims()))]++
	}
	if d, f := p.counts(); d+f > fetchBurst {
		t.Errorf("the provider was asked %d times", d+f)
	}
	if answers[invalid] == 0 || answers[unavailable] == 0 || len(answers) != 2 {
		t.Errorf("answers %v", answers)
	}
	if got := outcomeOf(t, v, p.config(), good.sign(t, p.claims())); got != "acme" {
		t.Errorf("meanwhile a good token: %s", got)
	}
	await(t, func() string { // the reading that just ended may have had the first one that is allowed
		clock.Step(fetchEvery)
		return outcomeOf(t, v, p.config(), stranger.sign(t, p.claims()))
	}, invalid)
}

func TestAProviderThatIsDown(t *testing.T) {
	k := ecKey(t, "k1")
	p := newProvider(t, k)
	v, clock := newVerifier(p)
	token := k.sign(t, p.claims(put("exp", epoch.Add(100*time.Hour).Unix())))
	expect := func(what, want string, discoveries int) {
		t.Helper()
		got := outcomeOf(t, v, p.config(), token)
		if d, _ := p.counts(); got != want || d != discoveries {
			t.Errorf("%s: %s after %d discoveries, want %s after %d", what, got, d, want, discoveries)
		}
	}
	p.set(func() { p.down = true })
	expect("at first", unavailable, 1)
	expect("at once", unavailable, 1)
	clock.Step(minBackoff)
	expect("a second later", unavailable, 2)
	clock.Step(minBackoff)
	expect("the wait has doubled", unavailable, 2)
	p.set(func() { p.down = false })
	clock.Step(minBackoff)
	expect("up", "acme", 3)

	p.set(func() { p.down = true })
	clock.Step(rediscover)
	if got := outcomeOf(t, v, p.config(), token); got != "acme" {
		t.Errorf("down when it is asked anew: %s", got)
	}
	await(t, func() string { d, _ := p.counts(); return fmt.Sprint(d) }, "4")
	if got := outcomeOf(t, v, p.config(), token); got != "acme" {
		t.Errorf("then: %s; what was found must go on to count", got)
	}
	clock.Step(keepVerifier)
	if got := outcomeOf(t, v, p.config(), token); got != unavailable {
		t.Errorf("a day later: %s", got)
	}
}

// TestKeysThatCannotBeRead right after a discovery that worked: those from before still count, and nothing new does.
func TestKeysThatCannotBeRead(t *testing.T) {
	k, stranger := ecKey(t, "k1"), ecKey(t, "k2")
	p := newProvider(t, k)
	v, clock := newVerifier(p)
	token := k.sign(t, p.claims(put("exp", epoch.Add(100*time.Hour).Unix())))
	if got := outcomeOf(t, v, p.config(), token); got != "acme" {
		t.Fatal(got)
	}
	p.set(func() { p.jwks = p.URL + "/gone" })
	clock.Step(rediscover)
	outcomeOf(t, v, p.config(), token)
	await(t, func() string { return fmt.Sprint(v.known(p.config()).found.After(epoch)) }, "true")
	if got := outcomeOf(t, v, p.config(), token); got != "acme" {
		t.Errorf("a known key: %s", got)
	}
	if got := outcomeOf(t, v, p.config(), stranger.sign(t, p.claims())); got != unavailable {
		t.Errorf("an unknown key: %s", got)
	}
}

func TestProvidersThatCannotBeTrusted(t *testing.T) {
	k := ecKey(t, "k1")
	for name, spoil := range map[string]func(*provider){
		"says it is another":     func(p *provider) { p.issuer = "https://evil.example.com" },
		"keys over plain http":   func(p *provider) { p.jwks = "http://127.0.0.1:1/keys" },
		"keys at another scheme": func(p *provider) { p.jwks = "file:///etc/passwd" },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, k)
			v, _ := newVerifier(p)
			spoil(p)
			if got := outcomeOf(t, v, p.config(), k.sign(t, p.claims())); got != unavailable {
				t.Errorf("%s, want %s", got, unavailable)
			}
		})
	}
}

// TestAnotherConfiguration begins from nothing: another issuer, audience or claim.
func TestAnotherConfiguration(t *testing.T) {
	k := ecKey(t, "k1")
	p, q := newProvider(t, k), newProvider(t, ecKey(t, "k1"))
	v := New(p.Client(), nil)
	now := func(c jwt.MapClaims) { c["exp"], c["team"] = time.Now().Add(time.Hour).Unix(), "globex" }
	token := k.sign(t, p.claims(now))
	config := p.config()
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"as it was", func() {}, "acme"},
		{"another claim", func() { config.TenantClaim = "team" }, "globex"},
		{"another audience", func() { config.Audience = "other" }, invalid},
		{"another issuer", func() { config = q.config() }, invalid},
		{"as it was again", func() { config = p.config() }, "acme"},
	} {
		step.do()
		if got := outcomeOf(t, v, config, token); got != step.want {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
}

// TestOneDiscoveryForAll who come at the same time.
func TestOneDiscoveryForAll(t *testing.T) {
	k := ecKey(t, "k1")
	p := newProvider(t, k)
	v, _ := newVerifier(p)
	token := k.sign(t, p.claims())
	p.mu.Lock() // its answer waits
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got := outcomeOf(t, v, p.config(), token); got != "acme" {
				t.Error(got)
			}
		})
	}
	p.mu.Unlock()
	all.Wait()
	if d, _ := p.counts(); d != 1 {
		t.Errorf("%d discoveries", d)
	}
}

// TestALatecomer who saw that a discovery was due before somebody else made it.
func TestALatecomer(t *testing.T) {
	p := newProvider(t, ecKey(t, "k1"))
	v, clock := newVerifier(p)
	for i, down := range []bool{true, false} {
		p.set(func() { p.down = down })
		clock.Step(time.Hour)
		before := v.known(p.config())
		for range 3 {
			<-v.discoverOnce(t.Context(), before)
		}
		if d, _ := p.counts(); d != i+1 {
			t.Errorf("down %t: %d discoveries, want %d", down, d, i+1)
		}
	}
}
