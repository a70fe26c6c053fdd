package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// MissingError says that a program is not on this machine and what brings it there.
type MissingError struct {
	Tool   string // for example "PostgreSQL server"
	Remedy string // a command
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("no %s on this machine: run %#q", e.Tool, e.Remedy)
}

// remedy is the command that brings everything that the stack needs.
const remedy = "make tools"

// postgresBin returns the directory of the PostgreSQL server programs: the newest of Debian's, else PATH, else what
// pg_config says.
func postgresBin() (string, error) {
	dirs := debianPostgresBins()
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(context.Background(), "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, dir := range dirs {
		if exists(filepath.Join(dir, "postgres")) && exists(filepath.Join(dir, "initdb")) {
			return dir, nil
		}
	}
	return "", &MissingError{Tool: "PostgreSQL server", Remedy: remedy}
}

// debianPostgresBins lists /usr/lib/postgresql/<major>/bin, newest first. Debian keeps them off PATH.
func debianPostgresBins() []string {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	major := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	slices.SortFunc(dirs, func(a, b string) int { return major(b) - major(a) })
	return dirs
}

// redisServer returns the path of redis-server, else of valkey-server.
func redisServer() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", &MissingError{Tool: "redis-server or valkey-server", Remedy: remedy}
}

// run executes a short-lived program and returns an error that carries its output.
func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// RepoRoot returns the directory of the repository: the nearest one above the working directory whose go.mod names
// this module.
func RepoRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module github.com/tenantry/tenantry\n") {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("not inside a checkout of github.com/tenantry/tenantry: run this from there")
		}
		dir = parent
	}
}
