package redis_test

import (
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

func TestDescribeFaults(t *testing.T) {
	t.Parallel()
	server := stacktest.Redis(t)
	closedPort := func(c *redis.Config) { c.Nodes = []string{freeAddr(t)} }
	tests := map[string]struct {
		change func(*redis.Config)
		cause  plane.Cause
		words  []string
	}{
		"wrong password": {func(c *redis.Config) { c.Password = "wrong" }, plane.AuthenticationFailed, []string{server.Addr(), operatorUser, "passwordSecretRef"}},
		"unknown user":   {func(c *redis.Config) { c.Username = "nobody" }, plane.AuthenticationFailed, []string{`"nobody"`}},
		"nobody listens": {closedPort, plane.Unreachable, []string{"does not answer"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := open(t, test.change, server)
			for call, err := range map[string]error{
				"Describe":   errorOf(r.Describe(t.Context())),
				"Claim":      errorOf(r.Claim(t.Context(), marker)),
				"DiffPlane":  errorOf(r.DiffPlane(t.Context(), plane.Recent)),
				"DiffTenant": errorOf(r.DiffTenant(t.Context(), tenant("acme", ""), plane.Fresh)),
			} {
				if plane.CauseOf(err) != test.cause || err == nil {
					t.Errorf("%s: %s", call, summary(err))
					continue
				}
				for _, word := range test.words {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("%s does not name %s: %s", call, word, err)
					}
				}
				if strings.Contains(err.Error(), r.cfg.Password.Reveal()) {
					t.Errorf("%s shows the password: %s", call, err)
				}
			}
		})
	}
}

func errorOf[T any](_ T, err error) error { return err }

// freeAddr is an address at which nobody listens.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	return l.Addr().String()
}

// Whatever right is missing: the message is the command that gives it.
func TestMissingRights(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	tests := map[string]string{
		"one command":     "-acl|setuser",
		"two":             "-client|kill -config|get",
		"its keys":        "resetkeys",
		"no trial either": "-acl|dryrun",
		"saving":          "-acl|save",
		"info":            "-info",
		"transactions":    "-multi -exec",
		"other keys":      "resetkeys ~something:*",
	}
	command := regexp.MustCompile(`ACL SETUSER [^,]*`)
	for name, taken := range tests {
		t.Run(name, func(t *testing.T) {
			r := open(t, nil, server)
			args := []any{"acl", "setuser", operatorUser}
			for word := range strings.FieldsSeq(taken) {
				args = append(args, word)
			}
			must(t, admin(t, server).Do(t.Context(), args...).Err())
			_, err := r.Describe(t.Context())
			if plane.CauseOf(err) != plane.MissingRights {
				t.Fatalf("got %s", summary(err))
			}
			var remedy []any
			for word := range strings.FieldsSeq(command.FindString(err.Error())) {
				remedy = append(remedy, word)
			}
			if len(remedy) == 0 {
				t.Fatalf("no command in %s", err)
			}
			must(t, admin(t, server).Do(t.Context(), remedy...).Err())
			_, err = r.Describe(t.Context())
			must(t, err)
		})
	}
}

// Servers that are managed by somebody often refuse CONFIG: without persistence it is not needed.
func TestFewerRightsWithoutPersistence(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, func(c *redis.Config) { c.Spec.Persistence = cache.None }, server)
	must(t, admin(t, server).Do(t.Context(), "acl", "setuser", operatorUser, "-config", "-acl|save", "-cluster").Err())
	_, err := r.Describe(t.Context())
	must(t, err)
	r.claimed()
	r.convergePlane()
	r.onboard("acme")
}

func TestMarkers(t *testing.T) {
	t.Parallel()
	server := stacktest.NewRedis(t, stack.RedisOptions{})
	ours := open(t, nil, server)
	foreign := marker
	foreign.Installation = "another"
	theirs := open(t, func(c *redis.Config) { c.Marker = foreign }, server)
	var wg sync.WaitGroup
	got := make([]boundary.Marker, 2)
	for i, r := range []*rig{ours, theirs} {
		wg.Go(func() {
			m, err := r.Claim(t.Context(), r.cfg.Marker)
			if err != nil {
				t.Error(err)
			}
			got[i] = m
		})
	}
	wg.Wait()
	if got[0] != got[1] {
		t.Fatalf("both won: %+v", got)
	}
	loser := ours
	if got[0] == marker {
		loser = theirs
	}
	loser.calls.reset()
	d, err := loser.Describe(t.Context())
	must(t, err)
	if diff := cmp.Diff(&got[0], d.Marker); diff != "" {
		t.Errorf("described marker (-want +got):\n%s", diff)
	}
	diff, err := loser.DiffTenant(t.Context(), tenant("acme", ""), plane.Fresh)
	must(t, err)
	if err := loser.Apply(t.Context(), diff.Plan); plane.CauseOf(err) != plane.OwnedElsewhere {
		t.Errorf("applied to a plane of somebody else: %s", summary(err))
	}
	if len(loser.calls.writes) > 0 {
		t.Errorf("written to a plane of somebody else: %v", loser.calls.writes)
	}

	must(t, admin(t, server).Set(t.Context(), "{tenantry}:plane", "no marker", 0).Err())
	if _, err := ours.Describe(t.Context()); plane.CauseOf(err) != plane.OwnedElsewhere {
		t.Errorf("an unreadable marker: %s", summary(err))
	}
}

// A plane that is somebody else's on one node is claimed on none that comes after.
func TestMarkerOnTheFirstOfTwoNodes(t *testing.T) {
	t.Parallel()
	first, second := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
	foreign := marker
	foreign.Installation = "another"
	must(t, errorOf(open(t, func(c *redis.Config) { c.Marker = foreign }, first).Claim(t.Context(), foreign)))
	got, err := open(t, nil, first, second).Claim(t.Context(), marker)
	must(t, err)
	if got != foreign {
		t.Errorf("claimed as %+v", got)
	}
	if n := admin(t, second).Exists(t.Context(), cache.MarkerKey).Val(); n != 0 {
		t.Error("the second node was claimed")
	}
}
