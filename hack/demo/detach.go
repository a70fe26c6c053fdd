package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/tenantry/tenantry/hack/demo/console"
)

const (
	// detachedEnv marks the copy of this program that keeps the servers after the demo.
	detachedEnv = "TENANTRY_DEMO_DETACHED"
	// colourEnv tells that copy, whose output is a pipe, that a terminal is at the other end.
	colourEnv = "TENANTRY_DEMO_COLOUR"
	// keptFD is the pipe on which that copy says that the demo is over.
	keptFD = 3
)

// detach runs the demo in a process of its own that stays behind: the servers live as long as the process that started
// them. It returns the exit status when the demo is over or has failed.
func detach(ctx context.Context) int {
	path, err := os.Executable()
	if err != nil {
		return complain(err)
	}
	kept, tell, err := os.Pipe()
	if err != nil {
		return complain(err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		return complain(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), detachedEnv+"=1")
	if console.Wanted(os.Stdout) {
		cmd.Env = append(cmd.Env, colourEnv+"=1")
	}
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = in, in, []*os.File{tell}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return complain(err)
	}
	_, _ = tell.Close(), in.Close()
	return follow(ctx, cmd, out, kept)
}

// follow copies the output until there is no more of it. An interrupt is passed on.
func follow(ctx context.Context, cmd *exec.Cmd, out, kept io.Reader) int {
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	if _, err := io.Copy(os.Stdout, out); err != nil {
		return complain(err)
	}
	if n, _ := kept.Read(make([]byte, 1)); n == 1 {
		return 0
	}
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return exit.ExitCode()
	}
	if err != nil {
		return complain(err)
	}
	return 0
}

// announceKept lets go of the terminal and says that the demo is over.
func announceKept() {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	_, _ = os.Stdout.Close(), os.Stderr.Close()
	pipe := os.NewFile(keptFD, "kept")
	_, _ = pipe.Write([]byte{1})
	_ = pipe.Close()
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, "demo:", err)
	return 1
}
