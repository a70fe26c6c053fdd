package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// controlPlanePrograms are built in this order, the quick one first.
var controlPlanePrograms = []struct{ name, pkg string }{
	{"etcd", "go.etcd.io/etcd/server/v3"},
	{"kubectl", "k8s.io/kubernetes/cmd/kubectl"},
	{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"},
}

// buildControlPlane builds the programs from the Go modules that hack/controlplane/go.mod names.
func buildControlPlane(ctx context.Context, log Logf, version, dir string) error {
	root, err := RepoRoot()
	if err != nil {
		return err
	}
	log.printf("building the Kubernetes %s control plane from its Go modules: about 8 minutes on 2 cores, once", version)
	for _, program := range controlPlanePrograms {
		out := filepath.Join(dir, program.name)
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", versionFlags(version), "-o", out, program.pkg)
		cmd.Dir = filepath.Join(root, "hack", "controlplane")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
		if err := withProgress(log, "building "+program.name, func() error { return run(cmd) }); err != nil {
			return fmt.Errorf("build %s: %w", program.name, err)
		}
	}
	return nil
}

// versionFlags stamp the version: without it an API server takes itself for v0.0.0 and refuses its own API.
func versionFlags(version string) string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	const at = "-X k8s.io/component-base/version."
	return fmt.Sprintf("-s -w %sgitVersion=%s %sgitMajor=%s %sgitMinor=%s", at, version, at, major, at, minor)
}

// withProgress logs every half minute that the work is still going on, so that nobody takes it for stuck.
func withProgress(log Logf, what string, work func() error) error {
	log.printf("%s", what)
	start := time.Now()
	done := make(chan error, 1)
	go func() { done <- work() }()
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			log.printf("still %s: %s", what, time.Since(start).Round(time.Second))
		}
	}
}
