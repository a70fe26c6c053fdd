package directory

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// TestStreams: what is current is what has been watched, all of it, since before the question.
func TestStreams(t *testing.T) {
	clock := clocktesting.NewFakeClock(epoch)
	s := newStreams(clock)
	status := http.StatusOK
	transport := s.wrap(roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(""))}, nil
	}))
	get := func(url string) io.ReadCloser {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		return response.Body
	}
	check := func(what string, at time.Time, want bool) {
		t.Helper()
		if got := s.complete(at); got != want {
			t.Errorf("%s: complete = %t", what, got)
		}
	}
	for _, resource := range []string{"dataplanes", "tenants", "corpora"} {
		get("https://k/apis/tenantry.dev/v1alpha1/" + resource + "?watch=true")
	}
	get("https://k/api/v1/namespaces/x/secrets")
	check("a list is no watch", epoch, false)
	status = http.StatusForbidden
	get("https://k/api/v1/namespaces/x/secrets?watch=true")
	check("a refused watch is none", epoch, false)
	status = http.StatusOK
	clock.Step(time.Second)
	secrets := get("https://k/api/v1/namespaces/x/secrets?watch=true")
	check("since then", clock.Now(), true)
	check("not before", epoch, false)
	if _, err := secrets.Read(make([]byte, 1)); err == nil {
		t.Error("read something")
	}
	check("after its end", clock.Now(), false)
	secrets = get("https://k/api/v1/namespaces/x/secrets?watch=true")
	check("again", clock.Now(), true)
	if err := secrets.Close(); err != nil {
		t.Error(err)
	}
	check("after it was closed", clock.Now(), false)
}
