package scope_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/scope"
)

func TestParseTenant(t *testing.T) {
	for id, ok := range map[string]bool{
		"a": true, "7": true, "acme": true, "acme-2": true, "a--b": true,
		"0b0e7c5e-97a4-4f4c-9b3c-6f6f4a3f1e11": true, strings.Repeat("a", 36): true,
		"": false, "-": false, "-a": false, "a-": false, "Acme": false, "a_b": false, "a b": false, "a.b": false, "a\n": false,
		"a\x00": false, "ä": false, "a*": false, "a:b": false, strings.Repeat("a", 37): false,
	} {
		got, err := scope.ParseTenant(id)
		if (err == nil) != ok || (ok && got.ID != id) || (!ok && !errors.Is(err, scope.ErrInvalidTenant)) {
			t.Errorf("ParseTenant(%q) = %v, %v; want ok %v", id, got, err, ok)
		}
		if err != nil && len(id) > 2 && strings.Contains(err.Error(), id) {
			t.Errorf("the error repeats %q, which is whatever somebody sent: %v", id, err)
		}
	}
}

func TestFromContext(t *testing.T) {
	acme, globex, bad := scope.Tenant{ID: "acme"}, scope.Tenant{ID: "globex"}, scope.Tenant{ID: "a:*"}
	for name, c := range map[string]struct {
		set  []scope.Tenant
		want scope.Tenant
		err  error
	}{
		"none":                          {nil, scope.Tenant{}, scope.ErrNoTenant},
		"one":                           {[]scope.Tenant{acme}, acme, nil},
		"the same again":                {[]scope.Tenant{acme, acme}, acme, nil},
		"two":                           {[]scope.Tenant{acme, globex}, scope.Tenant{}, scope.ErrTwoTenants},
		"back to the first":             {[]scope.Tenant{acme, globex, acme}, scope.Tenant{}, scope.ErrTwoTenants},
		"the zero value":                {[]scope.Tenant{{}}, scope.Tenant{}, scope.ErrInvalidTenant},
		"not an id":                     {[]scope.Tenant{bad}, scope.Tenant{}, scope.ErrInvalidTenant},
		"not an id over a good one":     {[]scope.Tenant{acme, bad}, scope.Tenant{}, scope.ErrInvalidTenant},
		"a good one over what is wrong": {[]scope.Tenant{bad, acme}, scope.Tenant{}, scope.ErrInvalidTenant},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			for _, tenant := range c.set {
				ctx = scope.WithTenant(ctx, tenant)
			}
			got, err := scope.FromContext(ctx)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %v, %v; want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}

// What a context carries must not change under those who hold an older one.
func TestWithTenantLeavesItsParentAlone(t *testing.T) {
	parent := context.Background()
	acme := scope.WithTenant(parent, scope.Tenant{ID: "acme"})
	globex := scope.WithTenant(parent, scope.Tenant{ID: "globex"})
	_ = scope.WithTenant(acme, scope.Tenant{ID: "globex"})
	for id, ctx := range map[string]context.Context{"acme": acme, "globex": globex} {
		if got, err := scope.FromContext(ctx); got.ID != id || err != nil {
			t.Errorf("got %v, %v, want %s", got, err, id)
		}
	}
	if _, err := scope.FromContext(parent); !errors.Is(err, scope.ErrNoTenant) {
		t.Errorf("the parent: %v", err)
	}
}
