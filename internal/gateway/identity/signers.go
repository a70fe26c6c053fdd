package identity

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/time/rate"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// jwksPath is where an API server publishes the keys of its ServiceAccount tokens. Any ServiceAccount may read it unless
	// the cluster took the ClusterRoleBinding system:service-account-issuer-discovery away.
	jwksPath = "/openid/v1/jwks"
	// keysEvery is how often they are read at most: a made-up token looks like one of a new key.
	keysEvery = 10 * time.Second
)

// algorithms that ServiceAccount tokens are signed with. All are asymmetric.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// signers are the keys that the API server signs ServiceAccount tokens with, as far as it tells. They decide nothing but who
// waits for whom: a token that carries a signature of theirs need not queue with those that anybody can make up. Whether it
// counts, the API server says. So nobody is refused where the keys cannot be read, or are old, or not all.
type signers struct {
	read    func(context.Context) ([]byte, error) // nil: there is no way to
	clock   clock.PassiveClock
	limit   *rate.Limiter
	keys    atomic.Pointer[jose.JSONWebKeySet]
	failing atomic.Bool // for the log
}

func newSigners(read func(context.Context) ([]byte, error), c clock.PassiveClock) *signers {
	return &signers{read: read, clock: c, limit: rate.NewLimiter(rate.Every(keysEvery), 1)}
}

// keysThrough reads the keys with the client that reviews go through, nil where they go through none: those of a clientset do.
func keysThrough(r TokenReviewer) func(context.Context) ([]byte, error) {
	c, ok := r.(interface{ GetClient() rest.Interface })
	if !ok {
		return nil
	}
	return func(ctx context.Context) ([]byte, error) {
		return c.GetClient().Get().AbsPath(jwksPath).SetHeader("Accept", "application/jwk-set+json, application/json").Do(ctx).Raw()
	}
}

// vouch says whether the API server has signed a token. false means nothing. It reads the keys anew where none of those that
// are known will do, not too often, and lets nobody else wait for that.
func (s *signers) vouch(ctx context.Context, token string) bool {
	if s.read == nil {
		return false
	}
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return false
	}
	return s.signed(signed) || s.refresh(ctx) && s.signed(signed)
}

func (s *signers) signed(token *jose.JSONWebSignature) bool {
	keys := s.keys.Load()
	if keys == nil || len(token.Signatures) != 1 {
		return false
	}
	for _, key := range keys.Key(token.Signatures[0].Header.KeyID) {
		if _, err := token.Verify(&key); err == nil {
			return true
		}
	}
	return false
}

func (s *signers) refresh(ctx context.Context) bool {
	if !s.limit.AllowN(s.clock.Now(), 1) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	raw, err := s.read(ctx)
	keys := &jose.JSONWebKeySet{}
	if err == nil {
		err = json.Unmarshal(raw, keys)
	}
	if err != nil {
		if s.failing.CompareAndSwap(false, true) {
			log.FromContext(ctx).Info("The keys of ServiceAccount tokens cannot be read, so that made-up tokens of an account can keep its new "+
				"ones waiting; may the gateway get "+jwksPath+"?", "why", err.Error())
		}
		return false
	}
	s.failing.Store(false)
	s.keys.Store(keys)
	return true
}
