package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/tenantry/tenantry/hack/stack"
)

// run becomes the command: signals and the exit code are then the command's own.
func run(ctx context.Context, args []string) error {
	if err := stack.Ensure(ctx, progress); err != nil {
		return err
	}
	assets, err := stack.AssetsDir()
	if err != nil {
		return err
	}
	if err := setEnv(assets); err != nil {
		return err
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return fmt.Errorf("find the command to run: %w", err)
	}
	return syscall.Exec(path, args, os.Environ())
}

// setEnv points envtest at the control plane and puts its kubectl first on PATH.
func setEnv(assets string) error {
	if err := os.Setenv("KUBEBUILDER_ASSETS", assets); err != nil {
		return err
	}
	return os.Setenv("PATH", assets+string(filepath.ListSeparator)+os.Getenv("PATH"))
}
