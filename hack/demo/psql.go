package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// script is a file of SQL that a platform team runs with psql as the superuser.
type script struct {
	database, path string
	// flags that the file asks for, as typed.
	flags []string
	// secrets are variables that must not stand on a command line.
	secrets map[string]string
}

// psql prints the command and runs the script. Secrets come in on standard input, before the script.
func (d *demo) psql(ctx context.Context, s script) error {
	program, err := findPSQL()
	if err != nil {
		return err
	}
	flags := append([]string{"-v", "ON_ERROR_STOP=1"}, s.flags...)
	typed := append([]string{"psql", "-d", s.database}, flags...)
	for name := range s.secrets {
		typed = append(typed, "-v", name+"=…")
	}
	d.console.Command(strings.Join(typed, " ") + " -f " + s.path)
	cmd := exec.CommandContext(ctx, program, append([]string{"-X", "-q", "-f", "-"}, flags...)...)
	cmd.Dir = d.root
	cmd.Env = append(os.Environ(), "PGHOST="+d.postgres.Host(), fmt.Sprintf("PGPORT=%d", d.postgres.Port()), "PGUSER=postgres",
		"PGPASSWORD="+d.postgres.Password(), "PGDATABASE="+s.database, "PGSSLMODE=disable", "PGOPTIONS=-c client_min_messages=warning")
	cmd.Stdin = strings.NewReader(s.input())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("psql -f %s: %w\n%s", s.path, err, bytes.TrimSpace(out))
	}
	return nil
}

// input sets the secrets and includes the file.
func (s script) input() string {
	var b strings.Builder
	for name, value := range s.secrets {
		fmt.Fprintf(&b, "\\set %s '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
	}
	fmt.Fprintf(&b, "\\i %s\n", s.path)
	return b.String()
}

// findPSQL looks on PATH, then where Debian keeps the programs of each version.
func findPSQL() (string, error) {
	if path, err := exec.LookPath("psql"); err == nil {
		return path, nil
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/psql"); len(found) > 0 {
		return found[len(found)-1], nil
	}
	return "", errors.New("no psql on this machine: it comes with the client of PostgreSQL (Debian, Ubuntu: sudo apt-get install postgresql-client)")
}
