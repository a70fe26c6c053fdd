package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is one of Tenantry's programs, with the rights of its own ServiceAccount.
type process struct {
	binary, kubeconfig, logFile string

	cmd   *exec.Cmd
	ended chan struct{}
}

const readyTimeout = 60 * time.Second

// build makes ./cmd/<name> into a program that acts as a ServiceAccount of the operator's namespace.
func (d *demo) build(ctx context.Context, name, account string) (process, error) {
	p := process{binary: d.file(name), logFile: d.file(name + ".log")}
	d.console.Command("go build -o " + name + " ./cmd/" + name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", p.binary, "./cmd/"+name)
	cmd.Dir = d.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("build the %s: %w\n%s", name, err, bytes.TrimSpace(out))
	}
	var err error
	p.kubeconfig, err = d.account(ctx, operatorNamespace, account)
	return p, err
}

// run starts the program.
func (p *process) run(env []string, args ...string) error {
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	p.cmd = exec.Command(p.binary, args...)
	p.cmd.Env = append(append(os.Environ(), "KUBECONFIG="+p.kubeconfig), env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = attributes()
	if err := p.cmd.Start(); err != nil {
		return err
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended = ended
	go func() { _ = cmd.Wait(); close(ended) }()
	return nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// poll asks until the answer is yes. It fails when the process ends or the time is over.
func (p *process) poll(ctx context.Context, what string, yes func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !yes(ctx) {
		select {
		case <-p.ended:
			return fmt.Errorf("wait for %s: the process ended by itself", what)
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// kill ends the process with SIGKILL, in the middle of whatever it does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop ends the process in good order, or else by force.
func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		p.kill()
	}
}

// errorsLogged are the last errors in the log, for failures.
func (p *process) errorsLogged() string {
	text, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, `"level":"error"`) || strings.HasPrefix(line, "panic:") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	if len(found) == 0 {
		return "none"
	}
	return strings.Join(found[max(0, len(found)-5):], "\n")
}
