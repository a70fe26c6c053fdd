package stack

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCacheDir(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"named":   {map[string]string{"TENANTRY_CACHE": "/cache", "XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/cache"},
		"XDG":     {map[string]string{"XDG_CACHE_HOME": "/xdg", "HOME": "/home/me"}, "/xdg/tenantry"},
		"default": {map[string]string{"HOME": "/home/me"}, "/home/me/.cache/tenantry"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, key := range []string{"TENANTRY_CACHE", "XDG_CACHE_HOME", "HOME"} {
				t.Setenv(key, test.env[key])
			}
			if diff := cmp.Diff(test.want, CacheDir()); diff != "" {
				t.Errorf("directory (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCachedBuildsOnceAmongMany(t *testing.T) {
	t.Setenv("TENANTRY_CACHE", t.TempDir())
	var builds atomic.Int32
	build := func(dir string) error {
		builds.Add(1)
		return os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o600)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			dir, err := cached(build, "thing", "v1")
			if err != nil || !exists(filepath.Join(dir, "file")) {
				t.Errorf("got %s, %v, want a complete directory", dir, err)
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(int32(1), builds.Load()); diff != "" {
		t.Errorf("builds (-want +got):\n%s", diff)
	}
}

func TestCachedForgetsAFailedBuild(t *testing.T) {
	t.Setenv("TENANTRY_CACHE", t.TempDir())
	broken := errors.New("broken")
	_, err := cached(func(dir string) error {
		return errors.Join(broken, os.WriteFile(filepath.Join(dir, "half"), nil, 0o600))
	}, "thing", "v1")
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the build's own error", err)
	}
	dir, err := cached(func(string) error { return nil }, "thing", "v1")
	if err != nil || exists(filepath.Join(dir, "half")) {
		t.Errorf("got %v; half a build in the cache: %t", err, exists(filepath.Join(dir, "half")))
	}
}
