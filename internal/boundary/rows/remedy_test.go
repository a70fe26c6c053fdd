package rows

import (
	"strings"
	"testing"
)

// TestSearchPathInARemedyIsQuoted: whoever owns a function chooses its search_path, and a superuser runs the remedy.
func TestSearchPathInARemedyIsQuoted(t *testing.T) {
	for path, want := range map[string]string{
		`app;ALTER ROLE evil SUPERUSER;--`: `"app;ALTER ROLE evil SUPERUSER;--"`,
		`"$user", public`:                  `"$user", "public"`,
		`a"; DROP TABLE t; --, b`:          `"a""; DROP TABLE t; --", "b"`,
	} {
		if got := idents(schemasOf(strings.Split(path, ","))); got != want {
			t.Errorf("%s becomes %s, want %s", path, got, want)
		}
	}
}
