package tenant

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// refuse says why nothing may be done for a Tenant, nil where it may. It is pure.
func refuse(s *scope, sameID []tenantryv1.Tenant) *refusal {
	t := s.tenant
	switch {
	case s.dp == nil:
		return &refusal{reason: tenantryv1.ReasonDataPlaneNotFound,
			message: fmt.Sprintf("DataPlane %q does not exist; create it, or correct spec.dataPlane in a new Tenant", t.Spec.DataPlane)}
	case unsupported(t) != "" && t.Status.TenantID == "":
		return &refusal{reason: tenantryv1.ReasonNotSupported, stalled: true, message: unsupported(t)}
	}
	if problem := idProblem(t.EffectiveTenantID(), s.dp.Spec.TenantIDFormat); problem != "" {
		return &refusal{reason: tenantryv1.ReasonInvalidSpec, stalled: true, message: problem}
	}
	if format := string(s.dp.Spec.TenantIDFormat); trial.Reserved(t.EffectiveTenantID(), format) {
		return &refusal{reason: tenantryv1.ReasonInvalidSpec, stalled: true, message: fmt.Sprintf(
			"tenantID %q is reserved for the live probes of the plane; set another spec.tenantID in a new Tenant", t.EffectiveTenantID())}
	}
	if other := earlierClaim(t, sameID); other != nil {
		return &refusal{reason: tenantryv1.ReasonTenantIDConflict, stalled: true,
			message: fmt.Sprintf("tenantID %q is in use by Tenant %q; choose another tenantID", t.EffectiveTenantID(), other.Name)}
	}
	return nil
}

// unsupported says what of the spec this version will not pretend to do, "" for nothing.
func unsupported(t *tenantryv1.Tenant) string {
	if t.Spec.Credentials == nil || t.Spec.Credentials.RotateAfterSeconds == 0 {
		return ""
	}
	return "spec.credentials.rotateAfterSeconds: this version does not rotate credentials by itself and will not pretend to; " +
		"remove the field. Deleting a credential Secret replaces it"
}

func idProblem(id string, format tenantryv1.TenantIDFormat) string {
	switch format {
	case tenantryv1.TenantIDUUID:
		if u, err := uuid.Parse(id); err != nil || u.String() != id {
			return fmt.Sprintf("tenantID %q is not a UUID in lower-case 8-4-4-4-12 form, which the DataPlane's tenantIDFormat asks for; "+
				"set spec.tenantID in a new Tenant", id)
		}
	case tenantryv1.TenantIDInteger:
		if n, err := strconv.ParseInt(id, 10, 64); err != nil || strconv.FormatInt(n, 10) != id {
			return fmt.Sprintf("tenantID %q is not an integer of 64 bits without leading zeros, which the DataPlane's tenantIDFormat "+
				"asks for; set spec.tenantID in a new Tenant", id)
		}
	case tenantryv1.TenantIDText:
	}
	return ""
}

// earlierClaim returns another Tenant that holds the id: one that has claimed it in its plane, or, where neither has yet,
// the older one. The claims in the plane itself have the last word.
func earlierClaim(t *tenantryv1.Tenant, sameID []tenantryv1.Tenant) *tenantryv1.Tenant {
	if t.Status.TenantID != "" {
		return nil
	}
	for i := range sameID {
		other := &sameID[i]
		if other.UID == t.UID || other.EffectiveTenantID() != t.EffectiveTenantID() {
			continue
		}
		if other.Status.TenantID != "" || older(other, t) {
			return other
		}
	}
	return nil
}

func older(a, b *tenantryv1.Tenant) bool {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.UID, b.UID)) < 0
}
