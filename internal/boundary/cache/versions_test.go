package cache

import (
	"strings"
	"testing"
)

func TestFlaws(t *testing.T) {
	tests := map[string]struct {
		version Version
		script  bool
		sketch  bool
	}{
		"Redis 7.0, never mended":   {Version{Number: "7.0.15"}, true, true},
		"Redis 7.2.9":               {Version{Number: "7.2.9"}, true, true},
		"Redis 7.2.10":              {Version{Number: "7.2.10"}, true, false},
		"Redis 7.2.11":              {Version{Number: "7.2.11"}, false, false},
		"Redis 7.4.5":               {Version{Number: "7.4.5"}, true, false},
		"Redis 8.0.4":               {Version{Number: "8.0.4"}, false, false},
		"Redis 8.2.1":               {Version{Number: "8.2.1"}, true, false},
		"Redis 8.6.0, later":        {Version{Number: "8.6.0"}, false, false},
		"Valkey 7.2.11":             {Version{Valkey: true, Number: "7.2.11"}, false, false},
		"Valkey 8.0.5":              {Version{Valkey: true, Number: "8.0.5"}, true, false},
		"Valkey 8.1.2":              {Version{Valkey: true, Number: "8.1.2"}, true, true},
		"Valkey 9.0.0":              {Version{Valkey: true, Number: "9.0.0"}, false, false},
		"a version in another form": {Version{Number: "unstable"}, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := scriptFlaw.open(test.version); got != test.script {
				t.Errorf("scripts: %t", got)
			}
			if got := sketchFlaw.open(test.version); got != test.sketch {
				t.Errorf("sketches: %t", got)
			}
			told := strings.Join(spec.Flaws(test.version), "")
			if (told != "") != test.sketch || test.sketch && !strings.Contains(told, test.version.String()) {
				t.Errorf("told %q", told)
			}
		})
	}
}
