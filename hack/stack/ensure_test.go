package stack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// barePATH makes PATH a directory with these scripts and nothing else but env and sh.
func barePATH(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"env", "sh"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	return dir
}

func TestInstallServersAsksAptForWhatIsMissing(t *testing.T) {
	dir := barePATH(t, map[string]string{
		"sudo":    `shift; [ "$1" = true ] || exec "$@"`,
		"apt-get": `echo "$DEBIAN_FRONTEND $*" >> "${0%/*}/calls"`,
	})
	var said []string
	log := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	if err := installServers(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	packages := "redis-server nodejs npm" // PostgreSQL is found outside of PATH where Debian keeps it
	if _, err := postgresBin(); err != nil {
		packages = "postgresql " + packages
	}
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	want := "noninteractive -qq -o DPkg::Lock::Timeout=300 update\n" +
		"noninteractive -qq -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends " + packages + "\n"
	if diff := cmp.Diff(want, string(calls)); diff != "" {
		t.Errorf("apt-get (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"installing " + strings.ReplaceAll(packages, " ", " and ")}, said); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestInstallServersSaysWhatToDoByHand(t *testing.T) {
	tests := map[string]struct {
		scripts map[string]string
		want    string
	}{
		"no apt-get":    {nil, "this machine has no apt-get"},
		"apt-get fails": {map[string]string{"sudo": `shift; [ "$1" = true ] || exec "$@"`, "apt-get": "echo no space; exit 100"}, "no space"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			barePATH(t, test.scripts)
			err := installServers(t.Context(), nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{test.want, "sudo apt-get install", "redis-server", "brew install"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in the message:\n%v", want, err)
				}
			}
		})
	}
}
