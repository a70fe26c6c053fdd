package stack

import "syscall"

// dieWithParent has the kernel signal the process when this one dies, even of SIGKILL.
func dieWithParent(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }
