package directory

import (
	"io"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// watched are the resources, by the last part of their path, that must be watched for the snapshot to be current.
var watched = []string{"dataplanes", "tenants", "corpora", "secrets"}

// streams knows which watches are open. Informers do not tell: they go on trying in silence while the API server is away,
// or while a right to watch is missing that another request does not need.
type streams struct {
	clock clock.PassiveClock

	mu   sync.Mutex
	open map[*stream]string
}

// stream is the body of one watch.
type stream struct {
	io.ReadCloser
	since time.Time
	ended func()
}

func newStreams(c clock.PassiveClock) *streams { return &streams{clock: c, open: map[*stream]string{}} }

// wrap notices watches that pass through a transport.
func (s *streams) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err == nil && response.StatusCode == http.StatusOK && r.URL.Query().Get("watch") != "" {
			response.Body = s.add(path.Base(r.URL.Path), response.Body)
		}
		return response, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (s *streams) add(resource string, body io.ReadCloser) io.ReadCloser {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := &stream{ReadCloser: body, since: s.clock.Now()}
	one.ended = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, one)
	}
	s.open[one] = resource
	return one
}

// complete says whether every resource has a watch that was open at the given time and still is.
func (s *streams) complete(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(watched, func(resource string) bool {
		for one, r := range s.open {
			if r == resource && !one.since.After(at) {
				return false
			}
		}
		return true
	})
}

// Read notices the end of the watch.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil {
		s.ended()
	}
	return n, err
}

// Close ends the watch.
func (s *stream) Close() error {
	s.ended()
	return s.ReadCloser.Close()
}
