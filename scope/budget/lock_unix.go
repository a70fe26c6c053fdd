//go:build linux || darwin || freebsd || netbsd || openbsd

package budget

import (
	"os"
	"syscall"
)

// lockFile takes the file for this process. The system gives it back when the process ends, however it does.
func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
