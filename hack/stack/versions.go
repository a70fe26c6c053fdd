package stack

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// The oldest servers that Tenantry supports.
const (
	minPostgres = 14
	minRedis    = 7
)

var firstNumber = regexp.MustCompile(`(\d+)(\.\d+)*`)

// checkVersion runs `program --version` and returns the version, or an error when its major is below the minimum.
func checkVersion(ctx context.Context, program string, minimum int) (string, error) {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	match := firstNumber.FindSubmatch(out)
	if match == nil {
		return "", fmt.Errorf("%s --version says %q: no version in it", program, out)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return "", err
	}
	if major < minimum {
		return "", fmt.Errorf("%s is version %s, but Tenantry needs %d or newer: put a newer one first on PATH",
			program, match[0], minimum)
	}
	return string(match[0]), nil
}

// checkServers logs what the stack will use, and fails on a server that is missing or too old.
func checkServers(ctx context.Context, log Logf) error {
	bin, err := postgresBin()
	if err != nil {
		return err
	}
	redis, err := redisServer()
	if err != nil {
		return err
	}
	node, _, err := nodePrograms()
	if err != nil {
		return err
	}
	for _, server := range []struct {
		program string
		minimum int
	}{{filepath.Join(bin, "postgres"), minPostgres}, {redis, minRedis}, {node, minNode}} {
		version, err := checkVersion(ctx, server.program, server.minimum)
		if err != nil {
			return err
		}
		log.printf("%s %s", server.program, version)
	}
	return nil
}
