package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Ensure makes sure that this machine has what the stack needs, and says what it does: a PostgreSQL and a Redis server
// and Node.js, which it installs with apt-get as root or through sudo, and the programs of the Kubernetes control plane, which it
// takes from setup-envtest or builds into the cache. It never asks a question. It does nothing on a machine that is ready.
func Ensure(ctx context.Context, log Logf) error {
	if err := installServers(ctx, log); err != nil {
		return err
	}
	if err := checkServers(ctx, log); err != nil {
		return err
	}
	return ensureControlPlane(ctx, log)
}

// installServers brings the missing servers onto the machine.
func installServers(ctx context.Context, log Logf) error {
	var packages []string
	if _, err := postgresBin(); err != nil {
		packages = append(packages, "postgresql")
	}
	if _, err := redisServer(); err != nil {
		packages = append(packages, "redis-server")
	}
	packages = append(packages, missingNode()...)
	if len(packages) == 0 {
		return nil
	}
	log.printf("installing %s", strings.Join(packages, " and "))
	if err := aptInstall(ctx, packages); err != nil {
		return fmt.Errorf("%w\nInstall PostgreSQL %d or newer, Redis or Valkey %d or newer and Node.js %d or newer yourself "+
			"(Debian, Ubuntu: `sudo apt-get install %s`; macOS: `brew install postgresql redis node`) and try again",
			err, minPostgres, minRedis, minNode, strings.Join(packages, " "))
	}
	return nil
}

// missingNode is what Debian and Ubuntu call Node.js and npm, as far as they are not there; other packages of Node.js
// bring npm along.
func missingNode() []string {
	var packages []string
	for name, pkg := range map[string]string{"node": "nodejs", "npm": "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			packages = append(packages, pkg)
		}
	}
	slices.Sort(packages)
	return packages
}

// aptInstall runs apt-get without questions.
func aptInstall(ctx context.Context, packages []string) error {
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return errors.New("this machine has no apt-get")
	}
	for _, args := range [][]string{{"update"}, append([]string{"install", "--yes", "--no-install-recommends"}, packages...)} {
		cmd, err := asRoot(ctx, append([]string{apt, "-qq", "-o", "DPkg::Lock::Timeout=300"}, args...))
		if err != nil {
			return err
		}
		if err := run(cmd); err != nil {
			return err
		}
	}
	return nil
}

// asRoot runs the command directly as root, else through a sudo that needs no password.
func asRoot(ctx context.Context, args []string) (*exec.Cmd, error) {
	// RUNLEVEL keeps the packages from starting services of their own; the stack starts its servers itself.
	args = append([]string{"env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"}, args...)
	if os.Geteuid() != 0 {
		if exec.CommandContext(ctx, "sudo", "-n", "true").Run() != nil {
			return nil, errors.New("installing packages needs root, or sudo without a password")
		}
		args = append([]string{"sudo", "-n"}, args...)
	}
	return exec.CommandContext(ctx, args[0], args[1:]...), nil
}

// ensureControlPlane fills the cache unless KUBEBUILDER_ASSETS or an earlier run provides the programs.
func ensureControlPlane(ctx context.Context, log Logf) error {
	if os.Getenv(assetsEnv) == "" {
		if err := fillAssets(ctx, log); err != nil {
			return err
		}
	}
	found, err := findAssets()
	if err != nil {
		return err
	}
	log.printf("%s", found.apiserver)
	return nil
}

func fillAssets(ctx context.Context, log Logf) error {
	version, err := kubernetesVersion()
	if err != nil {
		return err
	}
	_, err = cached(func(dir string) error {
		if assetsFromSetupEnvtest(ctx, version, dir) == nil {
			return nil
		}
		return buildControlPlane(ctx, log, version, dir)
	}, "controlplane", version)
	return err
}

// assetsFromSetupEnvtest copies what setup-envtest, where it is on PATH and reaches its downloads, provides.
func assetsFromSetupEnvtest(ctx context.Context, version, dir string) error {
	tool, err := exec.LookPath("setup-envtest")
	if err != nil {
		return err
	}
	version = strings.TrimPrefix(version, "v")
	out, err := exec.CommandContext(ctx, tool, "use", version, "--print", "path").Output()
	if err != nil {
		return err
	}
	from := strings.TrimSpace(string(out))
	return copyTree(ctx, dir, filepath.Join(from, "etcd"), filepath.Join(from, "kube-apiserver"), filepath.Join(from, "kubectl"))
}
