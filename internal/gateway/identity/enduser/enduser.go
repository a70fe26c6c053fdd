// Package enduser verifies the OpenID Connect tokens of end users, and reads from them which tenant they belong to.
//
// The provider is found by discovery when the first token comes, asked anew every hour, and its keys are kept; none of it
// happens more often than a provider can bear, however many made-up tokens come. Only asymmetric signatures count.
package enduser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tenantry/tenantry/internal/gateway/directory"
)

const (
	// rediscover is how often the identity provider is asked anew: a key that it took back dies then.
	rediscover = time.Hour
	// The wait after an identity provider could not be asked doubles from minBackoff to maxBackoff.
	minBackoff = time.Second
	maxBackoff = time.Minute
	// keepVerifier is how long the last discovery counts while the provider cannot be asked.
	keepVerifier = 24 * time.Hour
)

// algorithms are all asymmetric: with a symmetric one the public key of the provider would be the secret.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
}

// Verifier verifies the tokens of end users. It is safe for concurrent use.
type Verifier struct {
	client *http.Client
	clock  clock.PassiveClock
	flight singleflight.Group

	mu     sync.Mutex
	issuer issuer
}

// issuer is an identity provider as it was found.
type issuer struct {
	config   directory.OIDC
	verifier *oidc.IDTokenVerifier // nil until it was found
	keys     *keySet
	found    time.Time
	retryAt  time.Time // not asked again before
	backoff  time.Duration
}

// New makes a Verifier. client reaches identity providers; nil: one with a timeout of 10 s. c: nil for the real clock.
func New(client *http.Client, c clock.PassiveClock) *Verifier {
	if c == nil {
		c = clock.RealClock{}
	}
	return &Verifier{client: careful(client, c), clock: c}
}

// TenantID returns what the claim that config names says in a token of its issuer. It need not be a tenantID yet. Errors are
// *Error.
func (e *Verifier) TenantID(ctx context.Context, config directory.OIDC, token string) (string, error) {
	v, err := e.verifier(ctx, config)
	if err != nil {
		return "", err
	}
	var fetch fetchFailure
	verified, err := v.Verify(context.WithValue(ctx, fetchKey{}, &fetch), token)
	var expired *oidc.TokenExpiredError
	switch {
	case err == nil:
		return claim(verified, config.TenantClaim)
	case fetch.failed:
		return "", refuse(Unavailable, "the keys of the identity provider cannot be read at the moment; try again")
	case errors.As(err, &expired):
		return "", refuse(Invalid, "the token of the end user has expired, or says no time at which it will")
	}
	return "", refuse(Invalid, fmt.Sprintf(
		"the token of the end user is not valid: %s must have signed it for the audience %q", config.IssuerURL, config.Audience))
}

func refuse(p Problem, message string) error { return &Error{p, message} }

// claim reads the claim that decides. It must be a string: what looks like one tenantID must not be read as another.
func claim(token *oidc.IDToken, name string) (string, error) {
	var claims map[string]json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return "", refuse(Invalid, "the claims of the end user's token cannot be read")
	}
	raw, ok := claims[name]
	if !ok {
		return "", refuse(NoTenant,
			fmt.Sprintf("the token of the end user has no claim %q, which would name the tenant", name))
	}
	var value string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
		return "", refuse(NoTenant,
			fmt.Sprintf("the claim %q of the end user's token is not a string, so that it names no tenant", name))
	}
	return value, nil
}

// verifier returns the one for the provider that the plane declares now, and finds it first if need be. One that is due to
// be found anew serves until it is.
func (e *Verifier) verifier(ctx context.Context, config directory.OIDC) (*oidc.IDTokenVerifier, error) {
	now, current := e.clock.Now(), e.known(config)
	mayAsk := !now.Before(current.retryAt)
	switch {
	case current.usable(now):
		if mayAsk && !now.Before(current.found.Add(rediscover)) {
			e.discoverOnce(ctx, current)
		}
	case mayAsk:
		select {
		case <-ctx.Done():
		case r := <-e.discoverOnce(ctx, current):
			current, _ = r.Val.(issuer)
		}
	}
	if !current.usable(now) {
		return nil, refuse(Unavailable,
			"the identity provider "+config.IssuerURL+" cannot be asked at the moment; try again")
	}
	return current.verifier, nil
}

// known is what was found of a provider. Another configuration begins from nothing.
func (e *Verifier) known(config directory.OIDC) issuer {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.issuer.config != config {
		e.issuer = issuer{config: config}
	}
	return e.issuer
}

func (i issuer) usable(now time.Time) bool {
	return i.verifier != nil && now.Before(i.found.Add(keepVerifier))
}

// discoverOnce asks the provider, for all who wait for it. before is what was known when the question came up.
func (e *Verifier) discoverOnce(ctx context.Context, before issuer) <-chan singleflight.Result {
	return e.flight.DoChan(fmt.Sprintf("%q", before.config), func() (any, error) {
		if now, ok := e.since(before); ok {
			return now, nil
		}
		next := e.discover(context.WithoutCancel(ctx), before)
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.issuer.config == next.config {
			e.issuer = next
		}
		return next, nil
	})
}

// since returns what somebody else has learned in the meantime.
func (e *Verifier) since(before issuer) (issuer, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.issuer
	return now, now.config == before.config && (now.found.After(before.found) || now.retryAt.After(before.retryAt))
}

// discover asks the provider where its keys are. Where it fails, what was found before is kept.
func (e *Verifier) discover(ctx context.Context, before issuer) issuer {
	next, now := before, e.clock.Now()
	keys, err := e.find(ctx, before.config.IssuerURL)
	if err != nil {
		next.backoff = min(max(2*before.backoff, minBackoff), maxBackoff)
		next.retryAt = now.Add(next.backoff)
		log.FromContext(ctx).Error(err, "The identity provider cannot be asked", "issuer", before.config.IssuerURL)
		return next
	}
	set := &keySet{now: keys}
	if before.keys != nil {
		set.before = before.keys.now
	}
	return issuer{config: before.config, keys: set, found: now, verifier: oidc.NewVerifier(before.config.IssuerURL, set, &oidc.Config{
		ClientID: before.config.Audience, SupportedSigningAlgs: algorithms, Now: e.clock.Now,
	})}
}

func (e *Verifier) find(ctx context.Context, issuerURL string) (oidc.KeySet, error) {
	ctx = oidc.ClientContext(ctx, e.client)
	provider, err := oidc.NewProvider(ctx, issuerURL)
	if err != nil {
		return nil, err
	}
	var found struct {
		JWKSURL string `json:"jwks_uri"`
	}
	if err := provider.Claims(&found); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(found.JWKSURL, "https://") {
		return nil, errors.New("its discovery document names no jwks_uri that begins with https://")
	}
	return oidc.NewRemoteKeySet(ctx, found.JWKSURL), nil
}
