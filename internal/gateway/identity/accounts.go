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

	// Questions about tokens that were never seen are limited for each ServiceAccount that they claim to be of, so that a
	// flood of made-up ones neither floods the API server nor keeps the new tokens of others out.
	unknownPerSecond = 20
	unknownBurst     = 40
	// So are those about new tokens that the API server has signed: nobody can make one up, but one workload can ask for many.
	signedPerSecond = 50
	signedBurst     = 200
	// concurrentReviews at most, of unknown, of signed and of known tokens each.
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
	listed  func(account) bool // by a Tenant or the DataPlane

	seen    *lru[seen]
	refused *lru[time.Time] // until when; apart from seen, so that garbage pushes nothing out
	flight  singleflight.Group
	signers *signers
	unknown *lane       // for questions about tokens that were never seen
	signed  *lane       // for those about tokens that were never seen and that the API server has signed
	again   *lane       // for those about tokens that were seen
	failing atomic.Bool // for the log
}

func newAccounts(r TokenReviewer, c clock.PassiveClock, listed func(account) bool) *accounts {
	return &accounts{
		reviews: r, clock: c, listed: listed, seen: newLRU[seen](knownTokens), refused: newLRU[time.Time](refusedTokens),
		signers: newSigners(keysThrough(r), c),
		unknown: newLane(unknownPerSecond, unknownBurst), signed: newLane(signedPerSecond, signedBurst), again: newLane(rate.Inf, 0),
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
	if !a.listed(p.account) {
		return account{}, unlistedAccount()
	}
	if until, ok := a.refused.get(d); ok && now.Before(until) {
		return account{}, invalidAccountToken()
	}
	answer := a.flight.DoChan(string(d[:]), func() (any, error) {
		return a.settle(context.WithoutCancel(ctx), token, d, p), nil
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
func (a *accounts) settle(ctx context.Context, token string, d digest, p peeked) verdict {
	now := a.clock.Now()
	before, again := a.seen.get(d)
	if again && before.stands(now) {
		return verdict{account: before.account} // somebody asked in between
	}
	out := a.ask(ctx, token, p.account, again)
	switch {
	case out.err == nil:
		a.seen.put(d, seen{account: out.account, at: now, expires: p.expires})
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

// unlistedAccount is what a token says by itself, so that the API server need not be asked. Whoever makes one up learns
// nothing else from it than from one of an account that is listed.
func unlistedAccount() *Refused {
	return unauthenticated(ReasonNotListed, "the credential is no gateway token, and no token of a ServiceAccount that a Tenant lists "+
		"in serviceAccounts or the DataPlane in applications")
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
func (a *accounts) ask(ctx context.Context, token string, claimed account, again bool) outcome {
	lane := a.unknown
	switch {
	case again:
		lane = a.again
	case a.signers.vouch(ctx, token):
		lane = a.signed
	}
	leave, err := lane.enter(claimed, a.clock.Now())
	if err != nil {
		return outcome{err: err}
	}
	defer leave()
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
	of, ok := accountOf(s.User.Username)
	switch {
	case !s.Authenticated:
		return outcome{invalid: true, err: fmt.Errorf("not authenticated")}
	case !slices.Contains(s.Audiences, Audience):
		return outcome{invalid: true, err: fmt.Errorf("not for the audience %s", Audience)}
	case !ok:
		return outcome{invalid: true, err: fmt.Errorf("not a ServiceAccount")}
	}
	return outcome{account: of}
}

// accountOf reads system:serviceaccount:<namespace>:<name>.
func accountOf(user string) (account, bool) {
	rest, isAccount := strings.CutPrefix(user, serviceAccountPrefix)
	namespace, name, ok := strings.Cut(rest, ":")
	return account{namespace, name}, isAccount && ok && namespace != "" && name != "" && !strings.Contains(name, ":")
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
