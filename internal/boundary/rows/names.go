package rows

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Slots is how many login roles a tenant may have: two, so that a rotation can overlap. Slot 0 is the one in use.
const Slots = 2

// Prefix starts the names of all roles of a plane. Roles belong to the whole server, so that it tells planes in different
// databases of one server apart.
func Prefix(s Spec) string {
	sum := sha256.Sum256([]byte(s.Installation + "/" + s.Plane))
	return "tenantry_" + hex.EncodeToString(sum[:4]) + "_"
}

// GroupName is the role through which every tenant's login role gets its rights.
func GroupName(s Spec) string { return Prefix(s) + "tenants" }

// AppsName is the role through which the application's roles get theirs.
func AppsName(s Spec) string { return Prefix(s) + "apps" }

// LoginName is the login role of a tenant, by the UID of the Tenant and the slot. Every role on the server can read
// pg_roles, so the name tells nothing about the tenant.
func LoginName(s Spec, tenantUID string, slot int) string {
	mac := hmac.New(sha256.New, s.NameKey)
	_, _ = fmt.Fprintf(mac, "%s/%d", tenantUID, slot) // a hash never fails to be written to
	return Prefix(s) + hex.EncodeToString(mac.Sum(nil)[:8])
}

// loginNames are all login roles that a tenant may have.
func loginNames(s Spec, tenantUID string) []string {
	names := make([]string, Slots)
	for slot := range names {
		names[slot] = LoginName(s, tenantUID, slot)
	}
	return names
}
