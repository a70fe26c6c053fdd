package redis_test

import (
	"strings"
	"testing"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane/redis"
)

// outcomeOf makes one round of attempts in the cache.
func (r *rig) outcomeOf(t boundary.Tenant, others ...boundary.Tenant) trial.Outcome {
	r.t.Helper()
	attempts, err := r.Probe(r.t.Context(), trial.Subject{Tenant: t, Others: others})
	must(r.t, err)
	return trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Cache: attempts})
}

func evidence(o trial.Outcome) string {
	var out []string
	for _, a := range o.Evidence(20) {
		out = append(out, string(a.Result)+" "+a.Words+": "+a.Answer)
	}
	return strings.Join(out, "\n")
}

func TestProbePassesOnEveryNodeInOneRoundTripEach(t *testing.T) {
	one, two := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
	for _, scripts := range []string{cache.Deny, cache.Allow} {
		r := open(t, func(c *redis.Config) { c.Spec.Scripts = scripts }, one, two).claimed()
		r.convergePlane()
		acme, globex := r.onboard("acme"), r.onboard("globex")
		r.calls.reset()
		o := r.outcomeOf(acme, globex, tenant("tenantry-canary-2", ""))
		if o.Crossed() || !o.Proven() || o.Count(trial.Void) != 0 || o.Count(trial.Passed) < 9 {
			t.Errorf("scripts %s: a clean plane does not pass:\n%s", scripts, evidence(o))
		}
		if got := len(r.calls.reads); got != 2 || len(r.calls.writes) != 0 {
			t.Errorf("scripts %s: %d round trips and %d writes, want one a node and none", scripts, got, len(r.calls.writes))
		}
		for _, node := range []interface{ Addr() string }{one, two} {
			if n, err := login(t, node.Addr(), operatorUser, operatorPassword).Exists(t.Context(), "{tenantry}:probe").Result(); err == nil && n != 0 {
				t.Error("the probe left a key")
			}
		}
	}
	if n, err := admin(t, one).Keys(t.Context(), "*probe*").Result(); err != nil || len(n) != 0 {
		t.Errorf("the probes left %v, %v", n, err)
	}
}

func TestProbeSeesWhatWasWidenedByHand(t *testing.T) {
	for name, c := range map[string]struct {
		rule  []any
		words string
	}{
		"every key":             {[]any{"~*"}, "reads keys of other tenants"},
		"every channel":         {[]any{"&*"}, "uses channels of other tenants"},
		"without its delimiter": {[]any{"~ai:acme*"}, "reaches keys that only begin like its own"},
		"the prefix itself":     {[]any{"~ai:*"}, "writes keys of other tenants"},
		"KEYS":                  {[]any{"+keys"}, "lists or counts everybody's keys"},
		"FLUSHALL":              {[]any{"+flushall"}, "empties the server"},
		"SELECT":                {[]any{"+select"}, "reaches into another database"},
		"CONFIG":                {[]any{"+config"}, "administers or watches the server"},
		"EVAL":                  {[]any{"+eval"}, "runs scripts"},
		"a selector":            {[]any{"(+get ~*)"}, "reads keys of other tenants"},
		"the records":           {[]any{"~{tenantry}:*"}, "reaches the records of Tenantry"},
	} {
		t.Run(name, func(t *testing.T) {
			one, two := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
			r := open(t, nil, one, two).claimed()
			acme, globex := r.onboard("acme"), r.onboard("globex")
			must(t, admin(t, two).Do(t.Context(), append([]any{"acl", "setuser", "tenant-acme"}, c.rule...)...).Err())
			o := r.outcomeOf(acme, globex)
			found := false
			for _, f := range o.Findings(boundary.Cache, "acme") {
				found = found || f.Object == "probe: "+c.words && f.Check == trial.CheckCrossed && strings.Contains(f.Message, two.Addr()) &&
					!strings.Contains(f.Message, one.Addr()) && !strings.Contains(f.Message, "globex")
			}
			if !found || !o.Crossed() {
				t.Errorf("not seen as crossed there and only there:\n%s", evidence(o))
			}
			if o := r.outcomeOf(globex, acme); o.Crossed() {
				t.Errorf("the other tenant is blamed:\n%s", evidence(o))
			}
		})
	}
}

func TestProbeWithoutItsControlProvesNothing(t *testing.T) {
	one := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, one).claimed()
	acme, globex := r.onboard("acme"), r.onboard("globex")
	must(t, admin(t, one).Do(t.Context(), "acl", "setuser", "tenant-acme", "-get").Err())
	if o := r.outcomeOf(acme, globex); o.Count(trial.Passed) != 0 || o.Proven() || o.Crossed() {
		t.Errorf("a tenant that cannot read its own keys proves something:\n%s", evidence(o))
	}
	must(t, admin(t, one).Do(t.Context(), "acl", "deluser", "tenant-acme").Err())
	if o := r.outcomeOf(acme, globex); o.Count(trial.Passed) != 0 || o.Proven() || o.Crossed() {
		t.Errorf("a tenant without a user proves something:\n%s", evidence(o))
	}
	must(t, admin(t, one).Do(t.Context(), "acl", "setuser", operatorUser, "-acl|dryrun").Err())
	if o := r.outcomeOf(globex, acme); o.Count(trial.Passed) != 0 || o.Proven() || o.Crossed() || !strings.Contains(evidence(o), "ACL DRYRUN") {
		t.Errorf("an operator that may not ask proves something:\n%s", evidence(o))
	}
}

func TestProbeOfAnUnreachableNodeProvesNothing(t *testing.T) {
	one, two := stacktest.NewRedis(t, stack.RedisOptions{}), stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, one, two).claimed()
	acme, globex := r.onboard("acme"), r.onboard("globex")
	two.Stop()
	if o := r.outcomeOf(acme, globex); o.Count(trial.Passed) != 0 || o.Crossed() || !strings.Contains(evidence(o), "Unreachable") {
		t.Errorf("one node of two proves something:\n%s", evidence(o))
	}
}

func TestProbeOfASuspendedTenant(t *testing.T) {
	one := stacktest.NewRedis(t, stack.RedisOptions{})
	r := open(t, nil, one).claimed()
	acme := r.onboard("acme")
	acme.Access = boundary.Suspended
	if o := r.outcomeOf(acme); !o.Crossed() {
		t.Errorf("a suspended tenant that is still open is not seen:\n%s", evidence(o))
	}
	r.converge(acme)
	if o := r.outcomeOf(acme); o.Crossed() || !o.Proven() || o.Count(trial.Passed) != 2 {
		t.Errorf("a suspended tenant that is closed does not pass:\n%s", evidence(o))
	}
}
