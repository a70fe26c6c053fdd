package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// manager is the operator as a process of its own.
type manager struct {
	binary, kubeconfig, logFile string

	metricsAddr string
	cmd         *exec.Cmd
	ended       chan struct{}
}

const readyTimeout = 60 * time.Second

func (d *demo) buildManager(ctx context.Context) error {
	binary := d.file("manager")
	d.console.Command("go build -o manager ./cmd/manager")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/manager")
	cmd.Dir = d.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the manager: %w\n%s", err, bytes.TrimSpace(out))
	}
	kubeconfig, err := d.account(ctx, operatorNamespace, operatorAccount)
	if err != nil {
		return err
	}
	d.manager = &manager{binary: binary, kubeconfig: kubeconfig, logFile: d.file("manager.log")}
	d.onExit(d.manager.stop)
	return nil
}

// startManager starts the process and waits until it serves.
func (d *demo) startManager(ctx context.Context) error {
	if err := d.manager.start(); err != nil {
		return wrap("start the manager", err)
	}
	d.console.Command("KUBECONFIG=" + operatorAccount + ".kubeconfig ./manager --namespace=" + operatorNamespace + " --leader-elect=false \\\n" +
		"  --metrics-secure=false --metrics-bind-address=" + d.manager.metricsAddr + " --health-probe-bind-address=0")
	if err := d.manager.ready(ctx); err != nil {
		return err
	}
	d.console.OK("the operator runs as process %d and acts as ServiceAccount %s/%s", d.manager.cmd.Process.Pid, operatorNamespace, operatorAccount)
	return nil
}

func (m *manager) start() error {
	log, err := os.OpenFile(m.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	if m.metricsAddr, err = freeAddr(); err != nil {
		return err
	}
	m.cmd = exec.Command(m.binary, "--namespace="+operatorNamespace, "--leader-elect=false", "--metrics-secure=false",
		"--metrics-bind-address="+m.metricsAddr, "--health-probe-bind-address=0")
	m.cmd.Env = append(os.Environ(), "KUBECONFIG="+m.kubeconfig, "POD_SERVICE_ACCOUNT="+operatorAccount)
	m.cmd.Stdout, m.cmd.Stderr = log, log
	m.cmd.SysProcAttr = attributes()
	if err := m.cmd.Start(); err != nil {
		return err
	}
	cmd, ended := m.cmd, make(chan struct{})
	m.ended = ended
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

// ready waits until the metrics are served.
func (m *manager) ready(ctx context.Context) error {
	return m.await(ctx, "the operator to serve its metrics", func(series) bool { return true })
}

// await polls the metrics until they are as wanted. It fails when the process ends or the time is over.
func (m *manager) await(ctx context.Context, what string, wanted func(series) bool) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if s, err := scrape(ctx, m.metricsAddr); err == nil && wanted(s) {
			return nil
		}
		select {
		case <-m.ended:
			return errors.New("the operator ended by itself")
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

// kill ends the process with SIGKILL, in the middle of whatever it does.
func (m *manager) kill() {
	_ = m.cmd.Process.Kill()
	<-m.ended
}

// stop ends the process in good order, or else by force.
func (m *manager) stop() {
	if m.cmd == nil {
		return
	}
	_ = m.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.ended:
	case <-time.After(10 * time.Second):
		m.kill()
	}
}

// errorsLogged are the last errors in the log, for failures.
func (m *manager) errorsLogged() string {
	text, err := os.ReadFile(m.logFile)
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
