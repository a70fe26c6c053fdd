package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// command describes a server process to start.
type command struct {
	name        string // as the user knows it, for messages
	path        string
	args        []string
	env         []string // added to a minimal environment: the caller's PGPORT or the like must not leak in
	dir         string
	stdin       string
	logFile     string
	user        *osUser        // nil: the current user
	deathSignal syscall.Signal // sent when this process dies, on Linux
}

// process is a started server. Its methods may be called from several goroutines.
type process struct {
	command
	cmd  *exec.Cmd
	done chan struct{}
}

// start launches the command with its output appended to the log file.
func (c command) start() (*process, error) {
	log, err := os.OpenFile(c.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", c.name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(c.path, c.args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LC_ALL=C", "TZ=UTC"}, c.env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	if c.stdin != "" {
		cmd.Stdin = strings.NewReader(c.stdin)
	}
	// A group of its own: Ctrl-C in a terminal reaches us, and we stop the servers in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr, c.deathSignal)
	c.user.apply(cmd)
	if err := spawn(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	p := &process{command: c, cmd: cmd, done: make(chan struct{})}
	go func() { _ = cmd.Wait(); close(p.done) }()
	return p, nil
}

// spawn starts every process from one OS thread that never ends: the kernel sends the parent-death signal when the
// *thread* that forked goes away, not the process.
func spawn(cmd *exec.Cmd) error {
	spawnOnce.Do(func() {
		go func() {
			runtime.LockOSThread()
			for request := range spawnRequests {
				request.result <- request.cmd.Start()
			}
		}()
	})
	result := make(chan error, 1)
	spawnRequests <- spawnRequest{cmd, result}
	return <-result
}

type spawnRequest struct {
	cmd    *exec.Cmd
	result chan<- error
}

var (
	spawnOnce     sync.Once
	spawnRequests = make(chan spawnRequest)
)

// exitedError is the failure of a server that ended before it was ready.
type exitedError struct {
	name, log string
}

func (e *exitedError) Error() string {
	return fmt.Sprintf("%s ended before it was ready; the last lines of its log:\n%s", e.name, e.log)
}

// ready polls probe until it succeeds. It fails when the process ends, after startTimeout, or when ctx is done.
func (p *process) ready(ctx context.Context, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return &exitedError{p.name, logTail(p.logFile)}
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready (%w); the last lines of its log:\n%s", p.name, err, logTail(p.logFile))
		case <-tick.C:
		}
	}
}

// stop asks the process to end with the signal, waits, and kills its group when the grace is over.
func (p *process) stop(signal syscall.Signal) {
	_ = p.cmd.Process.Signal(signal)
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// kill ends the process with SIGKILL, as a crash of the machine would, and waits for it.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// logTail returns the last lines of a log, for error messages.
func logTail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-12):], []byte("\n")))
}

// errPortTaken marks a start that failed because another process took the port in between.
var errPortTaken = errors.New("the port was taken by another process")
