package stack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeNodeFiles makes a directory that looks like one with packages to install.
func writeNodeFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range nodeFiles {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(t.Name()+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNodeModulesInstallsOnceForOneLock(t *testing.T) {
	t.Setenv("TENANTRY_CACHE", t.TempDir())
	bare := barePATH(t, map[string]string{"node": "", "npm": `echo "$*" >> "${0%/*}/calls"; : > installed`})
	dir := writeNodeFiles(t)
	first, err := NodeModules(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{"installed"}, nodeFiles...) {
		if !exists(filepath.Join(first, name)) {
			t.Errorf("%s is not in the cache", name)
		}
	}
	if again, err := NodeModules(t.Context(), dir); err != nil || again != first {
		t.Errorf("the same lock: got %s (%v), want %s", again, err, first)
	}
	if err := os.WriteFile(filepath.Join(dir, "package-lock.json"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if other, err := NodeModules(t.Context(), dir); err != nil || other == first {
		t.Errorf("another lock: got %s (%v), want another directory", other, err)
	}
	calls, err := os.ReadFile(filepath.Join(bare, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("ci --ignore-scripts --no-audit --no-fund --loglevel=error\n", 2); string(calls) != want {
		t.Errorf("npm ran with\n%swant\n%s", calls, want)
	}
}

func TestNodeThatIsMissingOrOld(t *testing.T) {
	barePATH(t, nil)
	var missing *MissingError
	if _, err := Node(t.Context()); !errors.As(err, &missing) {
		t.Errorf("without node: got %v, want what installs it", err)
	}
	barePATH(t, map[string]string{"node": "echo v16.20.1", "npm": ""})
	if _, err := Node(t.Context()); err == nil || !strings.Contains(err.Error(), "16.20.1") {
		t.Errorf("with an old node: got %v, want an error with its version", err)
	}
}
