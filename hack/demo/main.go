// Command demo starts real servers on this machine, runs the operator against them, applies config/samples, and shows that
// tenants are isolated by the servers themselves. It ends with status 0 only if everything it expected came true.
//
// It leaves nothing running. With KEEP=1 in the environment the servers and the operator stay up after it has ended, and it
// prints how to connect to them and how to stop them.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// init keeps the main goroutine on the main thread: the kernel ends the operator when the thread that started it ends.
func init() { runtime.LockOSThread() }

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // client libraries warn of plain text on loopback
	os.Exit(start())
}

// start makes Ctrl-C and a polite kill end the context, so that everything is stopped in order.
func start() int {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	detached := os.Getenv(detachedEnv) != ""
	if os.Getenv("KEEP") == "1" && !detached {
		return detach(ctx)
	}
	return run(ctx, os.Stdout, detached)
}

// run shows the demo and returns the exit status.
func run(ctx context.Context, out io.Writer, keep bool) int {
	colour := console.Wanted(os.Stdout) || os.Getenv(colourEnv) != ""
	d := &demo{console: console.New(out, colour, len(steps), time.Now), keep: keep}
	defer d.cleanUp()
	if err := d.play(ctx); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("interrupted: %w", err)
		}
		d.console.Failure(err)
		return 1
	}
	if keep {
		d.explainKept()
		announceKept()
		<-ctx.Done()
	}
	return 0
}
