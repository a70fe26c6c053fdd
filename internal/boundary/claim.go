package boundary

import "fmt"

// SchemaVersion is the version of what Tenantry writes into a plane. A manager refuses a plane with a higher one.
const SchemaVersion = 2

// Marker is the record in every server of a plane that says whose it is.
type Marker struct {
	// Plane is the name of the DataPlane.
	Plane string `json:"plane"`
	// Installation is the UID of the namespace the operator runs in.
	Installation string `json:"installation"`
	// SchemaVersion of what was written.
	SchemaVersion int `json:"schemaVersion"`
	// KeyFingerprint of the plane's keys.
	KeyFingerprint string `json:"keyFingerprint"`
}

// MarkerProblem is why a marker refuses this installation.
type MarkerProblem string

// The problems.
const (
	OwnedElsewhere MarkerProblem = "PlaneOwnedElsewhere"
	SchemaTooNew   MarkerProblem = "SchemaTooNew"
	KeyMismatch    MarkerProblem = "KeyMismatch"
)

// Check says why m, found on a server, refuses an installation that would write want; "" if it does not.
func (m Marker) Check(want Marker) (MarkerProblem, string) {
	switch {
	case m.Installation != want.Installation:
		return OwnedElsewhere, fmt.Sprintf("this server belongs to plane %q of installation %s, not to this one (%s); "+
			"nothing was written. If that installation is gone for good, a takeover must be asked for explicitly",
			m.Plane, m.Installation, want.Installation)
	case m.Plane != want.Plane:
		return OwnedElsewhere, fmt.Sprintf("this server already belongs to DataPlane %q; two DataPlanes cannot share a server", m.Plane)
	case m.SchemaVersion > want.SchemaVersion:
		return SchemaTooNew, fmt.Sprintf("this plane was written by a newer Tenantry (schema %d, this manager knows %d); upgrade the manager",
			m.SchemaVersion, want.SchemaVersion)
	case m.KeyFingerprint != want.KeyFingerprint:
		return KeyMismatch, "the keys Secret is not the one this plane was claimed with; restore the original Secret from your backup"
	}
	return "", ""
}

// Claim is the record in a plane that a tenantID belongs to a Tenant.
type Claim struct {
	TenantID string `json:"tenantID"`
	UID      string `json:"uid"`
	// Tombstone: the Tenant is gone, its data was retained, the id is never given to anybody else.
	Tombstone bool `json:"tombstone"`
}

// CheckClaim returns the conflict between a standing claim and a tenant that wants the id, nil where there is none.
// The first claim wins, whatever the ages of the resources.
func CheckClaim(standing *Claim, t Tenant) *Conflict {
	object := "tenantID " + t.ID
	switch {
	case standing == nil:
		return nil
	case standing.UID != t.UID && standing.Tombstone:
		return &Conflict{Object: object, Holder: standing.UID, Tombstone: true, Message: fmt.Sprintf(
			"tenantID %q belongs to a deleted Tenant (UID %s) whose data was retained; ids are never recycled: choose another tenantID",
			t.ID, standing.UID)}
	case standing.UID != t.UID:
		return &Conflict{Object: object, Holder: standing.UID, Message: fmt.Sprintf(
			"tenantID %q is claimed by another Tenant (UID %s): choose another tenantID", t.ID, standing.UID)}
	case standing.Tombstone && t.Access != Retained:
		return &Conflict{Object: object, Holder: standing.UID, Tombstone: true, Message: fmt.Sprintf(
			"tenantID %q was released by this Tenant on its way out", t.ID)}
	}
	return nil
}
