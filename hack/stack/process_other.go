//go:build !linux

package stack

import "syscall"

// dieWithParent does nothing here: only Linux knows parent-death signals. Orderly stops work everywhere.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
