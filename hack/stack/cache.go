package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// CacheDir returns the directory that survives between runs: $TENANTRY_CACHE, else $XDG_CACHE_HOME/tenantry, else
// ~/.cache/tenantry. It is not created here. Without any of these it falls back to the system's temporary directory.
func CacheDir() string {
	if dir := os.Getenv("TENANTRY_CACHE"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "tenantry")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "tenantry-cache")
	}
	return filepath.Join(home, ".cache", "tenantry")
}

// cached returns the directory elems below the cache, calling build to fill it when it is not there. Build gets an empty
// directory beside the final one; only a complete result is renamed into place, and a lock keeps two processes from
// building the same thing at once.
func cached(build func(dir string) error, elems ...string) (string, error) {
	final := filepath.Join(append([]string{CacheDir()}, elems...)...)
	if exists(final) {
		return final, nil
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return "", fmt.Errorf("make the cache directory: %w", err)
	}
	err := withLock(final+".lock", func() error {
		if exists(final) {
			return nil
		}
		return buildInto(final, build)
	})
	return final, err
}

// buildInto builds beside final and renames, so that an interrupted build leaves nothing that looks finished.
func buildInto(final string, build func(dir string) error) error {
	temp, err := os.MkdirTemp(filepath.Dir(final), ".build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if err := build(temp); err != nil {
		return err
	}
	return os.Rename(temp, final)
}

// withLock runs f while this process holds an exclusive lock on the file at path. The kernel drops the lock when the
// process dies, so there is nothing stale to clean up.
func withLock(path string, f func() error) (err error) {
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the lock: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := flock(lock, syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	return f()
}

// flock retries when a signal interrupts the wait: the Go runtime itself sends signals to its threads.
func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
