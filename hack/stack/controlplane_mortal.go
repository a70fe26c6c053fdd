package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// mortal returns the path of a program that runs the program at path and dies when the thread that started it dies:
// envtest starts its processes without a parent-death signal, and a killed test would leave them behind. Where the
// system has no setpriv with that option, it returns path itself.
func mortal(ctx context.Context, path, wrapper string) (string, error) {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil || exec.CommandContext(ctx, setpriv, "--pdeathsig", "KILL", "true").Run() != nil {
		return path, nil
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %q --pdeathsig KILL %q \"$@\"\n", setpriv, path)
	return wrapper, os.WriteFile(wrapper, []byte(script), 0o700)
}
