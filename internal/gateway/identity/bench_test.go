package identity

import (
	"context"
	"testing"

	"k8s.io/utils/clock"

	"github.com/tenantry/tenantry/internal/credential"
)

// BenchmarkAuthenticate is a request with a gateway token that was seen before: what nearly every request costs.
func BenchmarkAuthenticate(b *testing.B) {
	a, err := New(Options{Directory: newPlane(), Plane: plane, Reviews: &server{}, Clock: clock.RealClock{}})
	if err != nil {
		b.Fatal(err)
	}
	now := clock.RealClock{}.Now()
	token := mint(b, func(c *credential.GatewayClaims) { c.Issued, c.Expires = now, now.Add(credential.GatewayTokenLifetime) })
	h, ctx := with(HeaderAPIKey, token), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Authenticate(ctx, h); err != nil {
			b.Fatal(err)
		}
	}
}
