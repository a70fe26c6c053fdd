package qdrant_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/qdrant"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// faulted checks an error's cause, and that its message names the remedy and no secret.
func faulted(t *testing.T, r *rig, err error, cause plane.Cause, remedy string) {
	t.Helper()
	var f *plane.Fault
	if !errors.As(err, &f) || f.Cause != cause {
		t.Fatalf("cause %q of %v, want %q", plane.CauseOf(err), err, cause)
	}
	if !strings.Contains(f.Message, remedy) {
		t.Errorf("the message does not name the remedy %q: %s", remedy, f.Message)
	}
	if key := r.cfg.APIKey.Reveal(); key != "" && strings.Contains(f.Message, key) {
		t.Errorf("the message shows the API key")
	}
}

func TestDescribeSaysWhatTheServerCan(t *testing.T) {
	r := newRig(t)
	d, err := r.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d.Version == "" || d.Marker != nil || !strings.Contains(strings.Join(d.Capabilities, "\n"), "tokens: tenants with dedicated corpora") {
		t.Errorf("an unclaimed server with tokens describes itself as %+v", d)
	}
	if r.count("write") != 0 {
		t.Errorf("Describe wrote %d times", r.count("write"))
	}
	r.claimed()
	if d, err = r.Describe(t.Context()); err != nil || d.Marker == nil || *d.Marker != marker {
		t.Errorf("after the claim the marker is %+v, %v", d.Marker, err)
	}
}

func TestDescribeNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		opts    qdrantsim.Options
		change  func(*qdrant.Config)
		version string
		cause   plane.Cause
		remedy  string
	}{
		"wrong key":       {change: func(c *qdrant.Config) { c.APIKey = "wrong" }, cause: plane.AuthenticationFailed, remedy: "apiKeySecretRef"},
		"no key":          {change: func(c *qdrant.Config) { c.APIKey = "" }, cause: plane.AuthenticationFailed, remedy: "apiKeySecretRef"},
		"read-only key":   {opts: qdrantsim.Options{APIKey: "k-f-0", ReadOnlyAPIKey: "k-r-0"}, change: func(c *qdrant.Config) { c.APIKey = "k-r-0" }, cause: plane.MissingRights, remedy: "not its read_only_api_key"},
		"too old":         {version: "1.15.4", cause: plane.UnsupportedServer, remedy: "needs 1.16 or later"},
		"wrong address":   {change: func(c *qdrant.Config) { c.Address = "127.0.0.1:1" }, cause: plane.Unreachable, remedy: "port 6334"},
		"token as a key":  {opts: qdrantsim.Options{APIKey: "k-f-0"}, change: func(c *qdrant.Config) { c.APIKey = readOnlyToken(t, "k-f-0") }, cause: plane.MissingRights, remedy: "a token"},
		"token of others": {opts: qdrantsim.Options{APIKey: "k-f-0"}, change: func(c *qdrant.Config) { c.APIKey = readOnlyToken(t, "other") }, cause: plane.AuthenticationFailed, remedy: "service.api_key"},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*qdrant.Config)
			if c.change != nil {
				changes = append(changes, c.change)
			}
			r := simRig(t, c.opts, changes...)
			if c.version != "" {
				r.sim.SetVersion(c.version)
			}
			_, err := r.Describe(t.Context())
			faulted(t, r, err, c.cause, c.remedy)
			_, err = r.DiffTenant(t.Context(), tenant("acme", "notes"), plane.Recent)
			if c.cause != plane.MissingRights {
				faulted(t, r, err, c.cause, c.remedy)
			}
		})
	}
}

// readOnlyToken is a token for one collection, which somebody could mistake for an API key.
func readOnlyToken(t *testing.T, key boundary.Secret) boundary.Secret {
	t.Helper()
	token, err := vector.MintProbe(key, "any", tomorrow)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAServerThatRefusesTokens(t *testing.T) {
	r := simRig(t, qdrantsim.Options{JWTDisabled: true}).claimed()
	d, err := r.Describe(t.Context())
	if err != nil || !strings.Contains(strings.Join(d.Capabilities, "\n"), "QDRANT__SERVICE__JWT_RBAC=true") {
		t.Errorf("capabilities %q, %v", d.Capabilities, err)
	}
	acme := tenant("acme", "notes")
	diff, err := r.DiffTenant(t.Context(), acme, plane.Fresh)
	faulted(t, r, err, plane.UnsupportedServer, "QDRANT__SERVICE__JWT_RBAC=true")
	if err := r.Apply(t.Context(), diff.Plan); err != nil {
		t.Fatalf("what does not need a token is built all the same: %v", err)
	}
	diff, err = r.DiffTenant(t.Context(), r.issued(acme, "one"), plane.Fresh)
	faulted(t, r, err, plane.UnsupportedServer, "QDRANT__SERVICE__JWT_RBAC=true")
	if len(diff.Plan) != 0 {
		t.Errorf("a token was planned for a server that refuses tokens: %q", diff.Plan.Lines())
	}
	sharedOnly := tenant("shared")
	r.settleTenant(sharedOnly)
}

func TestAServerWithoutAuthenticationIsACriticalHazard(t *testing.T) {
	r := simRig(t, qdrantsim.Options{NoAuth: true}, func(c *qdrant.Config) { c.APIKey = "unused-and-long-enough-for-tokens" }).claimed()
	d, err := r.DiffPlane(t.Context(), plane.Recent)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Hazards) != 1 || d.Hazards[0].Severity != boundary.Critical || d.Hazards[0].Check != vector.CheckOpenServer {
		t.Errorf("hazards %+v", d.Hazards)
	}
}

func TestAnOldServerThatComparesTermsOfAllTenantsIsAHazard(t *testing.T) {
	r := simRig(t, qdrantsim.Options{}).claimed()
	r.sim.SetVersion("1.18.3")
	d, err := r.DiffPlane(t.Context(), plane.Fresh)
	if err != nil || len(d.Hazards) != 1 || d.Hazards[0].Check != vector.CheckIDF {
		t.Errorf("hazards %+v, %v", d.Hazards, err)
	}
}
