package rows

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
)

// TestEveryCheckIsDocumented in docs/reference/rls-hazards.md.
func TestEveryCheckIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/reference/rls-hazards.md")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	check := regexp.MustCompile(`(?:hazard\(|report\(|finding\(boundary\.\w+, |f\.Check = |check, object :?= |Check: )"([a-z-]+?)-?[ "]`)
	found := 0
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range check.FindAllStringSubmatch(string(text), -1) {
			found++
			if !regexp.MustCompile("`" + m[1] + "[-` ]").Match(page) {
				t.Errorf("%s: check %q is not documented", source, m[1])
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d checks were found in the sources", found)
	}
}

// TestServerVersions: a release is named with what it lacks, and with the one to install.
func TestServerVersions(t *testing.T) {
	for name, c := range map[string]struct {
		version int
		want    string
	}{
		"14 of the first day": {140000, "install 14.23 or newer"},
		"one behind":          {150017, "lacks fixes for CVE-2026-6473 (code in the server by any login): install 15.18 or newer"},
		"current 15":          {150018, ""},
		"18 of the first day": {180000, "install 18.4 or newer"},
		"current 18":          {180004, ""},
		"a later one":         {190000, ""},
	} {
		t.Run(name, func(t *testing.T) {
			have := observedPlane()
			have.Server.Version = c.version
			got := ""
			for _, f := range DiffPlane(testSpec(), have).Hazards {
				if f.Check == "server-version" {
					if f.Severity != boundary.Warning {
						t.Errorf("severity %s", f.Severity)
					}
					got = f.Message
				}
			}
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}
