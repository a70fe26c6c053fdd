package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// TokenReviewer asks the API server about a token: a clientset's AuthenticationV1().TokenReviews() is one.
type TokenReviewer interface {
	Create(context.Context, *authenticationv1.TokenReview, metav1.CreateOptions) (*authenticationv1.TokenReview, error)
}

const (
	// believed is how long an answer of the API server is taken for the truth.
	believed = time.Minute
	// believedAlone is how long it is while the API server cannot be asked.
	believedAlone = 10 * time.Minute
	// disbelieved is how long a refused token is refused without asking.
	disbelieved = 10 * time.Second
	// askAgain is how long a known token waits after the API server could not be asked.
	askAgain = 5 * time.Second
	// reviewTimeout bounds one question.
	reviewTimeout = 5 * time.Second

	// Questions about tokens that were never seen are limited, so that a flood of garbage does not flood the API server.
	unknownPerSecond = 20
	unknownBurst     = 40
	// concurrentReviews at most, of unknown and of known tokens each.
	concurrentReviews = 16
	// refusedTokens are remembered at most.
	refusedTokens = 4096

	serviceAccountPrefix = "system:serviceaccount:"
)

// account is a ServiceAccount.
type account struct{ namespace, name string }

// seen is a token that the API server vouched for.
type seen struct {
	account account
	at      time.Time // when it last did
	expires time.Time // the token's own end
	retryAt time.Time // not asked again before, after it could not be
}

// stands says whether the token is accepted without asking.
func (s seen) stands(now time.Time) bool {
	return now.Before(s.expires) && (now.Before(s.at.Add(believed)) || now.Before(s.retryAt) && s.standsAlone(now))
}

// standsAlone says whether it is accepted while the API server cannot be asked, if it has not expired.
func (s seen) standsAlone(now time.Time) bool { return now.Before(s.at.Add(believedAlone)) }

// accounts verifies ServiceAccount tokens by TokenReview.
type accounts struct {
	reviews TokenReviewer
	clock   clock.PassiveClock

	seen    *lru[seen]
	refused *lru[time.Time] // until when; apart from seen, so that garbage pushes nothing out
	flight  singleflight.Group
	limit   *rate.Limiter
	unknown chan struct{} // slots for questions about tokens that were never seen
	again   chan struct{} // slots for questions about those that were
	failing atomic.Bool   // for the log
}

func newAccounts(r TokenReviewer, c clock.PassiveClock) *accounts {
	return &accounts{
		reviews: r, clock: c, seen: newLRU[seen](knownTokens), refused: newLRU[time.Time](refusedTokens),
		limit:   rate.NewLimiter(unknownPerSecond, unknownBurst),
		unknown: make(chan struct{}, concurrentReviews), again: make(chan struct{}, concurrentReviews),
	}
}

// known returns the ServiceAccount of a token that need not be asked about.
func (a *accounts) known(d digest, now time.Time) (account, bool) {
	s, ok := a.seen.get(d)
	return s.account, ok && s.stands(now)
}

// verify asks the API server about a token, unless that cannot help. One question is put for all who show the same token at
// the same time; it goes on when one of them goes away.
func (a *accounts) verify(ctx context.Context, token string, d digest, p peeked) (account, *Refused) {
	now := a.clock.Now()
	if refused := p.hopeless(now); refused != nil {
		return account{}, refused
	}
	if until, ok := a.refused.get(d); ok && now.Before(until) {
		return account{}, invalidAccountToken()
	}
	answer := a.flight.DoChan(string(d[:]), func() (any, error) {
		return a.settle(context.WithoutCancel(ctx), token, d, p.expires), nil
	})
	select {
	case <-ctx.Done():
	case r := <-answer:
		if v, ok := r.Val.(verdict); ok {
			return v.account, v.refused
		}
	}
	return account{}, noReview()
}

// verdict is an account, or why there is none.
type verdict struct {
	account account
	refused *Refused
}

// settle asks, and remembers what comes of it.
func (a *accounts) settle(ctx context.Context, token string, d digest, expires time.Time) verdict {
	now := a.clock.Now()
	before, again := a.seen.get(d)
	if again && before.stands(now) {
		return verdict{account: before.account} // somebody asked in between
	}
	out := a.ask(ctx, token, again)
	switch {
	case out.err == nil:
		a.seen.put(d, seen{account: out.account, at: now, expires: expires})
		return verdict{account: out.account}
	case out.invalid:
		a.seen.remove(d)
		a.refused.put(d, now.Add(disbelieved))
		return verdict{refused: invalidAccountToken()}
	case again && before.standsAlone(now):
		before.retryAt = now.Add(askAgain)
		a.seen.put(d, before)
		return verdict{account: before.account}
	}
	return verdict{refused: noReview()}
}

func invalidAccountToken() *Refused {
	return unauthenticated(ReasonInvalidToken, "the API server does not accept this ServiceAccount token; it may have expired, "+
		"or its ServiceAccount or Pod is gone")
}

func noReview() *Refused {
	return unavailable(ReasonReviewUnavailable, "the API server cannot be asked about this ServiceAccount token at the moment; try again")
}

// outcome of a question: an account, or invalid with an error, or an error because there was no answer.
type outcome struct {
	account account
	invalid bool
	err     error
}

// ask puts a question, if not too many are being put.
func (a *accounts) ask(ctx context.Context, token string, again bool) outcome {
	slots := a.again
	if !again {
		slots = a.unknown
		if !a.limit.AllowN(a.clock.Now(), 1) {
			return outcome{err: fmt.Errorf("more than %d unknown tokens a second", unknownPerSecond)}
		}
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	default:
		return outcome{err: fmt.Errorf("%d tokens are being asked about already", concurrentReviews)}
	}
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	review, err := a.reviews.Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: []string{Audience}},
	}, metav1.CreateOptions{})
	a.note(ctx, err)
	if err != nil {
		return outcome{err: err}
	}
	return judge(review.Status)
}

// judge reads the answer. A server that does not know audiences leaves them out, and would vouch for a token for anybody.
func judge(s authenticationv1.TokenReviewStatus) outcome {
	namespace, name, ok := strings.Cut(strings.TrimPrefix(s.User.Username, serviceAccountPrefix), ":")
	switch {
	case !s.Authenticated:
		return outcome{invalid: true, err: fmt.Errorf("not authenticated")}
	case !slices.Contains(s.Audiences, Audience):
		return outcome{invalid: true, err: fmt.Errorf("not for the audience %s", Audience)}
	case !strings.HasPrefix(s.User.Username, serviceAccountPrefix), !ok, namespace == "", name == "", strings.Contains(name, ":"):
		return outcome{invalid: true, err: fmt.Errorf("not a ServiceAccount")}
	}
	return outcome{account: account{namespace, name}}
}

// note logs when the API server begins to fail and when it answers again.
func (a *accounts) note(ctx context.Context, err error) {
	switch {
	case err != nil && a.failing.CompareAndSwap(false, true):
		log.FromContext(ctx).Error(err, "The API server does not answer TokenReviews; known ServiceAccount tokens are accepted for a while")
	case err == nil && a.failing.CompareAndSwap(true, false):
		log.FromContext(ctx).Info("The API server answers TokenReviews again")
	}
}
