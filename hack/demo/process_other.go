//go:build !linux

package main

import "syscall"

// attributes: a group of its own, so that Ctrl-C reaches us alone and we stop it in order.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
