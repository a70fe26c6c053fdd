package connect

import (
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/cache"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// Accept says whether what stands in a tenant's Secret is the tenant's own credential for a layer. Whoever may write Secrets in
// the namespace may have put anything there: it is given to a server, or presented to one, only where this says so.
// t needs its ID, UID and Corpora.
func (p *Plane) Accept(t boundary.Tenant, l boundary.Layer, username string, secret boundary.Secret, now time.Time) (boundary.Credential, bool) {
	c := boundary.Credential{Username: username, Secret: secret}
	if l != boundary.Vector {
		return c, secret != "" && username == p.Username(t, l)
	}
	claims, err := vector.Inspect(secret, p.QdrantKey)
	if err != nil || claims.Owner != t.UID || !vector.Within(claims.Grants, vector.AccessList(t)) || !now.Before(claims.Expires) {
		return c, false
	}
	c.TokenID = claims.TokenID
	return c, true
}

// Username is what a tenant's credential for Rows or Cache must name.
func (p *Plane) Username(t boundary.Tenant, l boundary.Layer) string {
	if l == boundary.Rows {
		return rows.LoginName(p.Rows, t.UID, 0)
	}
	return cache.UserName(t.ID)
}
