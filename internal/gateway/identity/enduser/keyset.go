package enduser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"
	"k8s.io/utils/clock"
)

const (
	// A token with an unknown key makes go-oidc read the keys again. That is limited, so that made-up tokens do not flood the
	// provider.
	fetchEvery = 2 * time.Second
	fetchBurst = 10
	// fetchTimeout bounds one request.
	fetchTimeout = 10 * time.Second
	// maxDocument bounds what is read of an answer.
	maxDocument = 1 << 20
)

// keySet are the keys of a provider, with those before them for as long as the new ones cannot be read.
type keySet struct{ now, before oidc.KeySet }

// fetchFailure is set where a token was refused because keys could not be read.
type fetchFailure struct{ failed bool }

type fetchKey struct{}

// VerifySignature implements oidc.KeySet. go-oidc passes its errors on as text only, hence the note in the context.
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.now.VerifySignature(ctx, token)
	if err == nil || !strings.HasPrefix(err.Error(), "fetching keys ") {
		return payload, err
	}
	if k.before != nil {
		if payload, err := k.before.VerifySignature(ctx, token); err == nil {
			return payload, nil
		}
	}
	if f, ok := ctx.Value(fetchKey{}).(*fetchFailure); ok {
		f.failed = true
	}
	return nil, err
}

// careful returns a client that asks over https only, not too often, and reads no more than it should.
func careful(c *http.Client, now clock.PassiveClock) *http.Client {
	out := http.Client{Timeout: fetchTimeout}
	if c != nil {
		out = *c
	}
	if out.Timeout == 0 {
		out.Timeout = fetchTimeout
	}
	next := out.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	out.Transport = &carefulTransport{next: next, clock: now, limit: rate.NewLimiter(rate.Every(fetchEvery), fetchBurst)}
	return &out
}

type carefulTransport struct {
	next  http.RoundTripper
	clock clock.PassiveClock
	limit *rate.Limiter
}

// RoundTrip implements http.RoundTripper.
func (t *carefulTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, fmt.Errorf("%s is not https", r.URL.Redacted())
	}
	if !t.limit.AllowN(t.clock.Now(), 1) {
		return nil, errors.New("asked too often")
	}
	response, err := t.next.RoundTrip(r)
	if err == nil {
		response.Body = limited{io.LimitReader(response.Body, maxDocument), response.Body}
	}
	return response, err
}

type limited struct {
	io.Reader
	io.Closer
}
