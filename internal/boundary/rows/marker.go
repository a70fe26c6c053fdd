package rows

import "github.com/tenantry/tenantry/internal/boundary"

// CheckMarker compares the marker that stands with this installation's. Nothing is written where they differ, so that no
// drift is mended: that is a finding by itself.
func CheckMarker(want boundary.Marker, have *boundary.Marker) []boundary.Finding {
	f := boundary.Finding{Layer: boundary.Rows, Object: "marker of the plane", Kind: boundary.Hazard, Severity: boundary.Warning}
	if have == nil {
		f.Kind, f.Check = boundary.Missing, "marker-gone"
		f.Message = "the row of tenantry.plane that says whose this database is was deleted; nothing is mended until the operator has claimed it again, which it does by itself"
		return []boundary.Finding{f}
	}
	problem, message := have.Check(want)
	if problem == "" {
		return nil
	}
	f.Check = "marker-" + map[boundary.MarkerProblem]string{
		boundary.OwnedElsewhere: "elsewhere", boundary.SchemaTooNew: "newer", boundary.KeyMismatch: "keys",
	}[problem]
	f.Message = message + ". If somebody edited the marker by hand: UPDATE tenantry.plane SET plane = " + Literal(want.Plane) + ", installation = " + Literal(want.Installation) +
		", key_fingerprint = " + Literal(want.KeyFingerprint)
	return []boundary.Finding{f}
}
