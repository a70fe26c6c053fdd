package rows

import (
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// fixes are the security fixes of PostgreSQL that matter where tenants have logins: what got past row-level security, and what let
// any login run code in the server. First fixed minor release by major one; a major release that is not named was never
// affected. Source: https://www.postgresql.org/support/security/ and the release notes that it names.
var fixes = []struct {
	id, what string
	in       map[int]int
}{
	{"CVE-2023-2455", "policies of another role after inlining", map[int]int{14: 8, 15: 3}},
	{"CVE-2023-39418", "MERGE past policies", map[int]int{15: 4}},
	{"CVE-2023-5869", "code in the server by any login", map[int]int{14: 10, 15: 5, 16: 1}},
	{"CVE-2024-10976", "policies of another role below subqueries", map[int]int{14: 14, 15: 9, 16: 5, 17: 1}},
	{"CVE-2024-10978", "SET ROLE back to the wrong role", map[int]int{14: 14, 15: 9, 16: 5, 17: 1}},
	{"CVE-2025-8713", "sampled rows past policies through the planner's statistics", map[int]int{14: 19, 15: 14, 16: 10, 17: 6}},
	{"CVE-2026-2006", "code in the server by any login", map[int]int{14: 21, 15: 16, 16: 12, 17: 8, 18: 2}},
	{"CVE-2026-6473", "code in the server by any login", map[int]int{14: 23, 15: 18, 16: 14, 17: 10, 18: 4}},
}

// serverVersion names the fixes that the server lacks. Whether one can be used there cannot be told from here, so that it is
// no more than a Warning.
func (d *planeDiff) serverVersion() {
	major, minor := d.have.Server.Version/10000, d.have.Server.Version%10000
	var lacks []string
	need := 0
	for _, f := range fixes {
		if in, affected := f.in[major]; affected && minor < in {
			lacks = append(lacks, f.id+" ("+f.what+")")
			need = max(need, in)
		}
	}
	if len(lacks) > 0 {
		d.hazard("server-version", "server", boundary.Warning, "PostgreSQL %d.%d lacks fixes for %s: install %s or newer", major, minor, strings.Join(lacks, ", "), fmt.Sprintf("%d.%d", major, need))
	}
}
