package directory

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// apiServer answers, or not.
type apiServer struct {
	client.Reader

	away bool
}

func (a *apiServer) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	if a.away {
		return errors.New("away")
	}
	return nil
}

// TestARenewedWatchIsNoNews: the API server ends every watch after some minutes, and the informer opens it anew. Only what
// lasts is logged.
func TestARenewedWatchIsNoNews(t *testing.T) {
	const interval = DefaultProbeInterval
	for name, c := range map[string]struct {
		// renewed is how many questions in a row find a watch that was just opened.
		renewed int
		away    int // how many find no API server
		late    time.Duration
		want    []string
	}{
		"nothing happens":           {},
		"one watch renewed":         {renewed: 1},
		"and another after it":      {renewed: 2},
		"with ticks that come late": {renewed: 2, late: interval / 10},
		"one answer missing":        {away: 1},
		"away for long":             {away: 20, want: []string{"false", "true"}},
		"watches that never hold":   {renewed: 20, want: []string{"false", "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			clock := clocktesting.NewFakeClock(epoch)
			d := offline(t, clock)
			open := func() io.Closer { return d.streams.add("tenants", io.NopCloser(strings.NewReader(""))) }
			for _, resource := range []string{"dataplanes", "corpora", "secrets"} {
				d.streams.add(resource, io.NopCloser(strings.NewReader("")))
			}
			var said []string
			ctx := log.IntoContext(t.Context(), funcr.NewJSON(func(line string) {
				_, after, _ := strings.Cut(line, `"successful":`)
				value, _, _ := strings.Cut(after, ",")
				said = append(said, value)
			}, funcr.Options{}))
			server, w, tenants := &apiServer{}, &watcher{last: clock.Now(), watching: true}, open()
			for i := range 30 {
				clock.Step(interval + c.late)
				server.away = i < c.away
				if i < c.renewed {
					if err := tenants.Close(); err != nil {
						t.Fatal(err)
					}
					tenants = open()
				}
				d.ask(ctx, server, w)
			}
			if got, want := strings.Join(said, " "), strings.Join(c.want, " "); got != want {
				t.Errorf("logged %q, want %q", got, want)
			}
			if d.age() != 0 {
				t.Errorf("age %s at the end, though everything is fine again", d.age())
			}
		})
	}
}
