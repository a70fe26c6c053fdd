package rows

import "github.com/tenantry/tenantry/internal/boundary"

// Unverified is the first change of a plane's plan that must be made before anybody is let in, nil where there is none:
// whatever is Critical, and whatever all tenants stand on that does not stand.
func Unverified(plan boundary.Plan) *boundary.Change {
	for _, c := range plan {
		op, ok := c.Op.(Op)
		foundation := ok && op.Unit() == PlaneUnit && c.Phase == boundary.PhaseBuild && c.Kind == boundary.Missing
		if c.Severity == boundary.Critical || foundation {
			return &c
		}
	}
	return nil
}
