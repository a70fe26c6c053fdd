package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresOptions vary a PostgreSQL server. The zero value is fast and forgets everything on a crash of the machine.
type PostgresOptions struct {
	// Durable keeps fsync, full_page_writes and synchronous_commit on. For benchmarks and crash tests.
	Durable bool
	// Settings are added to postgresql.conf, for example {"max_connections": "500"}.
	Settings map[string]string
}

// Postgres is a running PostgreSQL server with SCRAM authentication and one superuser, postgres.
type Postgres struct {
	password string
	port     int
	command  command
	dir      *runDir

	mu      sync.Mutex
	process *process // nil while stopped
}

// superuser is the role that owns the server.
const superuser = "postgres"

// StartPostgres makes a new, empty server and waits until it answers. The caller stops it.
func StartPostgres(ctx context.Context, opts PostgresOptions) (*Postgres, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	account, err := unprivileged("postgres", "nobody")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	dir, err := newRunDir()
	if err != nil {
		return nil, err
	}
	pg := &Postgres{dir: dir, password: newPassword()}
	if err := pg.create(ctx, bin, account, opts); err != nil {
		pg.Stop()
		return nil, err
	}
	return pg, nil
}

// create fills the data directory from the template, starts the server and gives the superuser a password of its own.
func (p *Postgres) create(ctx context.Context, bin string, account *osUser, opts PostgresOptions) error {
	template, err := postgresTemplate(ctx, bin, account)
	if err != nil {
		return err
	}
	data := p.dir.join("data")
	if err := template.copyTo(ctx, data); err != nil {
		return err
	}
	if err := appendFile(filepath.Join(data, "postgresql.conf"), postgresSettings(opts)); err != nil {
		return err
	}
	p.command = command{
		name: "PostgreSQL", path: filepath.Join(bin, "postgres"), dir: data, user: account,
		logFile: p.dir.join("log"),
		// SIGQUIT: the postmaster takes its children and its shared memory with it.
		deathSignal: syscall.SIGQUIT,
	}
	initial := p.withPassword(template.password)
	if err := onFreePort(func(port int) error { initial.port = port; return p.start(ctx, port, initial) }); err != nil {
		return err
	}
	return initial.query(ctx, fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", superuser, p.password))
}

// withPassword is the address of the same server for the superuser while it has another password.
func (p *Postgres) withPassword(password string) *Postgres {
	return &Postgres{port: p.port, password: password}
}

// start launches the server on the port and waits until the superuser of login can log in.
func (p *Postgres) start(ctx context.Context, port int, login *Postgres) error {
	command := p.command
	command.args = []string{"-D", command.dir, "-p", fmt.Sprint(port)}
	process, err := command.start()
	if err != nil {
		return err
	}
	if err := process.ready(ctx, func(ctx context.Context) error { return login.query(ctx, "SELECT 1") }); err != nil {
		process.kill()
		return err
	}
	p.port, p.process = port, process
	return nil
}

// query runs one statement as the superuser.
func (p *Postgres) query(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, p.SuperuserDSN("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// Host returns the address that the server listens on.
func (p *Postgres) Host() string { return loopback }

// Port returns the port. It stays the same over restarts.
func (p *Postgres) Port() int { return p.port }

// Password returns the superuser's password, which is this server's own.
func (p *Postgres) Password() string { return p.password }

// LogFile returns the path of the server's log, for messages of failed tests.
func (p *Postgres) LogFile() string { return p.command.logFile }

// SuperuserDSN returns the URL of a database for the superuser. It holds the password: never print it.
func (p *Postgres) SuperuserDSN(db string) string { return p.DSN(superuser, p.password, db) }

// DSN returns the URL of a database for any role.
func (p *Postgres) DSN(user, password, db string) string {
	dsn := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password), Host: address(p.port), Path: "/" + db,
		RawQuery: "sslmode=disable",
	}
	return dsn.String()
}

// Restart stops the server, where it runs, in good order and starts it on the same data and port.
func (p *Postgres) Restart(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halt()
	deadline, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := p.start(deadline, p.port, p)
		if !orphansRemain(err) {
			return err
		}
		// After a kill the old backends need a moment to notice that the postmaster is gone.
		select {
		case <-deadline.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// orphansRemain recognises the refusal to start beside backends of a killed server.
func orphansRemain(err error) bool {
	var exited *exitedError
	return errors.As(err, &exited) && strings.Contains(exited.log, "is still in use")
}

// Kill ends the server with SIGKILL, as a crash would. Restart brings it back; its data stays.
func (p *Postgres) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process != nil {
		p.process.kill()
		p.process = nil
	}
}

// Stop shuts the server down and removes its data. It may be called twice.
func (p *Postgres) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halt()
	p.dir.remove()
}

// halt is a fast shutdown: sessions are ended, data is written.
func (p *Postgres) halt() {
	if p.process != nil {
		p.process.stop(syscall.SIGINT)
		p.process = nil
	}
}

func appendFile(path, content string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Close())
}
