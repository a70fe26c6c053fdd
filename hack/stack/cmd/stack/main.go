// Command stack prepares and runs the local stack.
//
//	stack ensure          install or build what is missing
//	stack up              start every server, print where they are, stop them on Ctrl-C
//	stack run -- cmd …    ensure, then run cmd with KUBEBUILDER_ASSETS and PATH set
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tenantry/tenantry/hack/stack"
)

const usage = `usage:
  stack ensure          install or build what is missing
  stack up              start every server, print where they are, stop them on Ctrl-C
  stack run -- cmd ...  ensure, then run cmd with KUBEBUILDER_ASSETS and PATH set
`

func main() {
	if err := start(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "stack:", err)
		os.Exit(1)
	}
}

// start makes Ctrl-C and a polite kill end the context, so that every server is stopped in order.
func start(args []string) error {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	return dispatch(ctx, args)
}

func dispatch(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "ensure":
		return stack.Ensure(ctx, progress)
	case len(args) == 1 && args[0] == "up":
		return up(ctx)
	case len(args) > 2 && args[0] == "run" && args[1] == "--":
		return run(ctx, args[2:])
	}
	return fmt.Errorf("unknown arguments %q\n%s", args, usage)
}

// progress prints to standard error with the time, so that the output of the command that follows stays clean.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s stack: %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
