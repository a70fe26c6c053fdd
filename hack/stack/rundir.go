package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const runDirPattern = "tenantry-stack-*"

// runDir is the directory of one running server. Its owner holds a lock on a file in it, so that a later run can tell
// the directory of a killed process, which it sweeps away, from one in use.
type runDir struct {
	path string
	lock *os.File
}

// newRunDir makes a directory below the system's temporary directory. Others may traverse it but not list it: servers
// that run as another user keep their data inside.
func newRunDir() (*runDir, error) {
	sweepRunDirs()
	for {
		path, err := os.MkdirTemp("", runDirPattern)
		if err != nil {
			return nil, fmt.Errorf("make a directory for the server: %w", err)
		}
		lock, err := lockRunDir(path)
		if err == nil {
			return &runDir{path: path, lock: lock}, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(err, os.RemoveAll(path))
		}
	}
}

// lockRunDir returns os.ErrNotExist when a sweep of another process got between the making of the directory and its lock.
func lockRunDir(path string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = errors.Join(flock(lock, syscall.LOCK_EX), os.Chmod(path, 0o711))
	if err == nil && !exists(lock.Name()) {
		err = os.ErrNotExist
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

func (d *runDir) join(name string) string { return filepath.Join(d.path, name) }

// remove deletes the directory, then drops the lock. It may be called twice.
func (d *runDir) remove() {
	_ = os.RemoveAll(d.path)
	_ = d.lock.Close()
}

// sweepRunDirs removes the directories of processes that died without cleaning up. What cannot be opened or removed
// belongs to somebody else.
func sweepRunDirs() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), runDirPattern))
	for _, dir := range dirs {
		sweepRunDir(dir)
	}
}

func sweepRunDir(dir string) {
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer func() { _ = lock.Close() }()
	if flock(lock, syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.RemoveAll(dir)
	}
}
