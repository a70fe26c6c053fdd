package rows

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

var (
	textID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,34}[a-z0-9])?$`)
	uuidID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// CheckID says why a tenantID does not fit the plane's format. Only the canonical form fits: "7" and "007" would be two
// tenants in Kubernetes and one in an integer column.
func (s Spec) CheckID(id string) error {
	switch s.IDFormat {
	case UUID:
		if !uuidID.MatchString(id) {
			return fmt.Errorf("tenantID %q is not a UUID in canonical form (lower case, 8-4-4-4-12), as the plane's tenantIDFormat demands", id)
		}
	case Integer:
		if n, err := strconv.ParseInt(id, 10, 64); err != nil || n < 0 || strconv.FormatInt(n, 10) != id {
			return fmt.Errorf("tenantID %q is not an integer in canonical form (0 to 9223372036854775807, no leading zeros), "+
				"as the plane's tenantIDFormat demands", id)
		}
	default:
		if !textID.MatchString(id) {
			return fmt.Errorf("tenantID %q must consist of lower-case letters, digits and hyphens, at most 36", id)
		}
	}
	return nil
}

// columnTypes that a tenant column may have, as format_type prints them; the first one is recommended.
func (s Spec) columnTypes() []string {
	switch s.IDFormat {
	case UUID:
		return []string{"uuid"}
	case Integer:
		return []string{"bigint", "integer", "smallint"}
	}
	return []string{"text", "character varying"}
}

// currentTenant is the SQL that compares with a tenant column of that type: one scalar subquery, evaluated once per query,
// cast inside it so that an index on the column can be used.
func (s Spec) currentTenant(columnType string) string {
	call := Schema + ".current_tenant()"
	if !slices.Contains(s.columnTypes(), columnType) {
		return ""
	}
	if s.IDFormat == UUID || s.IDFormat == Integer {
		call += "::" + columnType
	}
	return "(SELECT " + call + ")"
}
