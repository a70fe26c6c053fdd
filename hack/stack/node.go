package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// minNode is the oldest Node.js that Qdrant's JavaScript client runs on, and the one of Debian 12.
const minNode = 18

// nodePrograms returns the paths of node and npm.
func nodePrograms() (node, npm string, err error) {
	for name, path := range map[string]*string{"node": &node, "npm": &npm} {
		if *path, err = exec.LookPath(name); err != nil {
			return "", "", &MissingError{Tool: "Node.js with npm", Remedy: remedy}
		}
	}
	return node, npm, nil
}

// Node returns the path of a Node.js that is new enough.
func Node(ctx context.Context) (string, error) {
	node, _, err := nodePrograms()
	if err != nil {
		return "", err
	}
	if _, err := checkVersion(ctx, node, minNode); err != nil {
		return "", err
	}
	return node, nil
}

// nodeFiles are what says which packages to install.
var nodeFiles = []string{"package.json", "package-lock.json", ".npmrc"}

// NodeModules installs the packages that the lock file in dir pins, once for each content of it, and returns the
// directory in the cache that holds node_modules. It runs no scripts of packages.
func NodeModules(ctx context.Context, dir string) (string, error) {
	_, npm, err := nodePrograms()
	if err != nil {
		return "", err
	}
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return "", fmt.Errorf("read what to install: %w", err)
	}
	sum := sha256.Sum256(lock)
	return cached(func(into string) error {
		for _, name := range nodeFiles {
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(into, name), content, 0o644); err != nil {
				return err
			}
		}
		cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
		cmd.Dir = into
		return run(cmd)
	}, "node", hex.EncodeToString(sum[:8]))
}
