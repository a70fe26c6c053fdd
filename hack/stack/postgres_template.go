package stack

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// pgTemplate is an initialised, never started data directory in the cache. Copying it takes a tenth of the time of
// initdb, and every test process needs one.
type pgTemplate struct {
	dir      string // holds data and password
	password string // of the superuser, until the first start of a copy
}

// postgresTemplate returns the template for the server programs in bin, making it once per version and user.
func postgresTemplate(ctx context.Context, bin string, account *osUser) (*pgTemplate, error) {
	version, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	build := func(dir string) error { return initdb(ctx, bin, dir, account) }
	dir, err := cached(build, "postgres", templateName(string(version), account))
	if err != nil {
		return nil, fmt.Errorf("make an empty PostgreSQL data directory: %w", err)
	}
	password, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil {
		return nil, err
	}
	return &pgTemplate{dir: dir, password: string(password)}, nil
}

// templateName turns "postgres (PostgreSQL) 15.18 (Debian …)" into "15.18-uid101": the data belongs to a user.
func templateName(version string, account *osUser) string {
	uid := os.Getuid()
	if account != nil {
		uid = int(account.uid)
	}
	name := strings.TrimSpace(strings.TrimPrefix(version, "postgres (PostgreSQL)"))
	name, _, _ = strings.Cut(name, " ")
	return fmt.Sprintf("%s-uid%d", name, uid)
}

// initdb makes the template. The cache may lie in a home that the postgres user cannot enter, so the work is done in
// the temporary directory and moved.
func initdb(ctx context.Context, bin, dir string, account *osUser) error {
	work, err := newRunDir()
	if err != nil {
		return err
	}
	defer work.remove()
	password, data, home := work.join("password"), work.join("home/data"), work.join("home")
	if err := os.WriteFile(password, []byte(newPassword()), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	for _, path := range []string{password, home} {
		if err := account.own(path); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", superuser,
		"--pwfile", password, "--auth-host=scram-sha-256", "--auth-local=reject",
		"--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.Dir, cmd.Env = home, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	account.apply(cmd)
	if err := run(cmd); err != nil {
		return err
	}
	return copyTree(ctx, dir, data, password)
}

// copyTo makes a data directory of its own from the template.
func (t *pgTemplate) copyTo(ctx context.Context, data string) error {
	return copyTree(ctx, data, filepath.Join(t.dir, "data"))
}

// copyTree copies with owners and modes kept. The system's cp does so on every platform, and faster than we would.
func copyTree(ctx context.Context, to string, from ...string) error {
	return run(exec.CommandContext(ctx, "cp", append(append([]string{"-a"}, from...), to)...))
}

// postgresSettings renders the lines to add to postgresql.conf. The last mention of a setting counts.
func postgresSettings(opts PostgresOptions) string {
	settings := map[string]string{
		"listen_addresses":        loopback,
		"unix_socket_directories": "", // TCP only: everything then authenticates as in production
		"max_connections":         "200",
		"log_line_prefix":         "%m %u@%d [%p] ",
	}
	if !opts.Durable {
		maps.Copy(settings, map[string]string{"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"})
	}
	maps.Copy(settings, opts.Settings)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(settings[name], "'", "''"))
	}
	return "\n" + text.String()
}
