package directory

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

// selectors are what is asked for, by resource.
type selectors struct {
	mu sync.Mutex
	by map[string]string
}

func (s *selectors) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		s.mu.Lock()
		s.by[path.Base(r.URL.Path)] = r.URL.Query().Get("fieldSelector")
		s.mu.Unlock()
		return next.RoundTrip(r)
	})
}

func (s *selectors) all() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.by)
}

func TestItFollowsTheAPIServer(t *testing.T) {
	l := newLive(t, "follow")
	elsewhere := newTenant("follow-elsewhere", func(t *tenantryv1.Tenant) { t.Spec.DataPlane = "another" })
	l.make(elsewhere)
	config, asked := l.gatewayUser(""), &selectors{by: map[string]string{}}
	config.Wrap(asked.wrap)
	d := l.start(config, clocktesting.NewFakeClock(epoch))
	l.await(d, "")
	if diff := cmp.Diff(map[string]string{
		"dataplanes": "metadata.name=follow", "tenants": "spec.dataPlane=follow", "corpora": "", "secrets": "metadata.name=follow-gateway",
	}, asked.all()); diff != "" {
		t.Error(diff)
	}
	if tn, err := d.ByTenantID(l.id("acme")); err != nil || tn.Scope.TenantID() != l.id("acme") || tn.TokenIDs[0] != "t1" {
		t.Errorf("%+v, %v", tn, err)
	}
	if diff := cmp.Diff([]string{"notes"}, l.collections(d)); diff != "" {
		t.Error(diff)
	}
	docs := []scopeqdrant.Access{{Collection: "shared-documents", Write: true}}
	if token, err := d.TokenFor(&Tenant{Access: docs}, docs); err != nil || token == "" {
		t.Error(err)
	}
	if n := len(d.now.Load().records); n != 1 {
		t.Errorf("%d Tenants are known; another plane's are none of its business", n)
	}
	l.access(tenantryv1.AccessSuspended)
	l.await(d, Suspended)
	l.access(tenantryv1.AccessActive)
	l.await(d, "")
	l.corpus("acme", "more")
	l.eventually(func() error {
		if diff := cmp.Diff([]string{"more", "notes"}, l.collections(d)); diff != "" {
			return errors.New(diff)
		}
		return nil
	})
	tn := &tenantryv1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: l.id("acme")}}
	if err := l.Delete(t.Context(), tn); err != nil {
		t.Fatal(err)
	}
	l.await(d, Unknown)
	if err := l.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: credential.GatewayMaterialName(l.plane)}}); err != nil {
		t.Fatal(err)
	}
	l.await(d, NoMaterial)
}

// TestAwayAndBack: the last known state is served while the API server is away, then nobody is; and once it is back, what
// happened meanwhile counts before anybody is served again.
func TestAwayAndBack(t *testing.T) {
	l := newLive(t, "away")
	c := clocktesting.NewFakeClock(epoch)
	p := newProxy(t, l.cp.Addr())
	config := l.gatewayUser("")
	config.Host = "https://" + p.addr
	d := l.start(config, c)
	l.await(d, "")

	p.cut()
	l.eventually(func() error { // the informers notice
		if d.streams.complete(c.Now()) {
			return errors.New("watches are still open")
		}
		return nil
	})
	l.access(tenantryv1.AccessSuspended)
	for range int(DefaultMaxStaleness / time.Minute) {
		c.Step(time.Minute)
		if got := l.problem(d); got != "" {
			t.Fatalf("%s after %s: %s", l.id("acme"), c.Since(epoch), got)
		}
	}
	c.Step(time.Second)
	if diff := cmp.Diff(all(Stale), problems(d)); diff != "" {
		t.Fatal(diff)
	}

	p.restore(t)
	l.eventually(func() error {
		c.Step(DefaultProbeInterval)
		got := l.problem(d)
		if got == "" {
			t.Fatal("served although it was suspended while the API server was away")
		}
		if got != Suspended {
			return fmt.Errorf("acme: %q, want Suspended", got)
		}
		return nil
	})
	l.access(tenantryv1.AccessActive)
	l.await(d, "")
}

func TestItStartsBeforeTheAPIServer(t *testing.T) {
	l := newLive(t, "early")
	p := newProxy(t, l.cp.Addr())
	p.cut()
	config := rest.CopyConfig(l.cp.Config)
	config.Host = "https://" + p.addr
	d := l.start(config, clocktesting.NewFakeClock(epoch))
	if diff := cmp.Diff(all(Stale), problems(d)); diff != "" {
		t.Error(diff)
	}
	p.restore(t)
	l.await(d, "")
}

// TestARightThatIsMissing: the API server answers, but not to a watch of Tenants, so that suspensions would never arrive.
func TestARightThatIsMissing(t *testing.T) {
	l := newLive(t, "blind")
	c := clocktesting.NewFakeClock(epoch)
	d := l.start(l.gatewayUser("watch tenants"), c)
	l.await(d, "")
	l.eventually(func() error {
		c.Step(DefaultProbeInterval)
		if got := l.problem(d); got != Stale {
			return fmt.Errorf("acme: %q at %s, want Stale", got, c.Since(epoch))
		}
		return nil
	})
	if since := c.Since(epoch); since <= DefaultMaxStaleness {
		t.Errorf("stale after %s already", since)
	}
}

// TestItStaysFresh for as long as it is watching.
func TestItStaysFresh(t *testing.T) {
	l := newLive(t, "fresh")
	c := clocktesting.NewFakeClock(epoch)
	d := l.start(l.gatewayUser(""), c)
	l.await(d, "")
	for range 100 {
		before := c.Now()
		l.eventually(func() error {
			if !d.streams.complete(c.Now()) {
				return errors.New("not every watch is open")
			}
			c.Step(DefaultProbeInterval)
			return nil
		})
		l.eventually(func() error {
			if d.Freshness().Before(before) {
				c.Step(DefaultProbeInterval)
				return fmt.Errorf("fresh at %s, asked at %s", d.Freshness(), before)
			}
			return nil
		})
	}
	if err := d.Ready(); err != nil {
		t.Error(err)
	}
}
