package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc/codes"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// live are sessions that a tenant's workload holds open while something happens to the tenant.
type live struct {
	rows  *pgx.Conn
	cache *redis.Client
	// ends of both, in the words of the server or the library.
	rowsEnd, cacheEnd chan error
}

// suspend closes a tenant with live sessions, shows that every way in is dead, and opens it again with the same Secrets.
func (d *demo) suspend(ctx context.Context) error {
	t := d.tenants[acme]
	sessions, err := openSessions(ctx, t)
	if err != nil {
		return err
	}
	defer sessions.close(ctx)
	d.console.Say("acme-health has a session open in PostgreSQL, a worker that waits on a queue in Redis, and a Qdrant token.")
	if err := d.patchAccess(ctx, acme, "Suspended"); err != nil {
		return err
	}
	if err := d.shutOut(ctx, t); err != nil {
		return err
	}
	if err := d.awaitAccess(ctx, acme, "Suspended"); err != nil {
		return err
	}
	if err := d.dead(ctx, t, sessions); err != nil {
		return err
	}
	d.note("suspension ended live sessions in PostgreSQL and Redis, killed the Qdrant token and closed the gateway; data was kept")
	if err := d.patchAccess(ctx, acme, "Active"); err != nil {
		return err
	}
	if err := d.awaitAccess(ctx, acme, "Active"); err != nil {
		return err
	}
	return d.alive(ctx, t)
}

func (d *demo) patchAccess(ctx context.Context, name, access string) error {
	patch := fmt.Sprintf(`{"spec":{"access":%q}}`, access)
	return d.kubectl.show(ctx, "patch", "tenant", name, "--type=merge", "--patch", patch)
}

// shutOut waits for the gateway's refusal. It watches Tenants itself, and does not wait for the operator.
func (d *demo) shutOut(ctx context.Context, t *tenant) error {
	begun := time.Now()
	err := eventually(ctx, "the gateway to refuse "+t.name, func() error {
		if _, err := own(ctx, t.gateway(), sharedCorpusOf[t.name]); answerOf(err).Code() != codes.PermissionDenied {
			return fmt.Errorf("it answers: %w", err)
		}
		return nil
	})
	if err == nil {
		d.console.OK("the gateway refuses it %s after the patch; it does not wait for the operator", time.Since(begun).Round(time.Millisecond))
	}
	return err
}

// awaitAccess waits until the Tenant is verified to be so.
func (d *demo) awaitAccess(ctx context.Context, name, access string) error {
	reason := map[string]string{"Suspended": "Suspended", "Active": "Ready"}[access]
	condition := `jsonpath={.status.conditions[?(@.type=="Ready")].reason}=` + reason
	if err := d.await(ctx, condition, "tenant/"+name); err != nil {
		return err
	}
	return d.kubectl.show(ctx, "get", "tenant", name)
}

// openSessions leaves a session waiting in each server that has sessions.
func openSessions(ctx context.Context, t *tenant) (*live, error) {
	conn, err := t.rows(ctx)
	if err != nil {
		return nil, err
	}
	client, err := t.cache()
	if err != nil {
		return nil, err
	}
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, wrap("log in to Redis as "+t.name, err)
	}
	l := &live{rows: conn, cache: client, rowsEnd: make(chan error, 1), cacheEnd: make(chan error, 1)}
	go func() { _, err := conn.WaitForNotification(ctx); l.rowsEnd <- err }()
	go func() { l.cacheEnd <- client.BLPop(ctx, 0, t.key("queue")).Err() }()
	return l, nil
}

func (l *live) close(ctx context.Context) {
	_ = l.cache.Close()
	_ = l.rows.Close(ctx)
}

// dead checks that live sessions have ended and that nothing lets anybody in again.
func (d *demo) dead(ctx context.Context, t *tenant, l *live) error {
	rowsEnd, err := ended(ctx, l.rowsEnd)
	if err != nil {
		return wrap("wait for the end of the live PostgreSQL session", err)
	}
	cacheEnd, err := ended(ctx, l.cacheEnd)
	if err != nil {
		return wrap("wait for the end of the live Redis connection", err)
	}
	o := attack(ctx, d.waysIn(t))
	rows := append([]console.Row{
		{Cells: []string{"PostgreSQL: the live session", sqlWords(rowsEnd)}},
		{Cells: []string{"Redis: the worker in BLPOP", "connection closed: " + cacheEnd.Error()}},
	}, o.rows...)
	d.console.Table([]string{"way in", "the server's answer"}, rows)
	if code := sqlState(rowsEnd); code != "57P01" {
		return &mismatch{what: "the end of the live PostgreSQL session", want: "57P01", got: sqlWords(rowsEnd)}
	}
	return o.held("the suspended tenant")
}

// ended waits for the end of a session.
func ended(ctx context.Context, end <-chan error) (error, error) {
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	select {
	case err := <-end:
		if err == nil {
			return nil, errors.New("the session came to life instead")
		}
		return err, nil
	case <-timer.C:
		return nil, errors.New("it is still alive after a minute")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// waysIn are all ways in that a closed tenant had.
func (d *demo) waysIn(t *tenant) []attempt {
	var out []attempt
	if t.secrets["postgresql"] != nil {
		out = append(out, attempt{what: "PostgreSQL: a new login", try: func(ctx context.Context) (string, error) {
			conn, err := t.rows(ctx)
			if err == nil {
				_ = conn.Close(ctx)
			}
			return sqlWords(err), oneOf(sqlState(err), "28000", "28P01")
		}})
	}
	use := sqlRefused(d.application, "TN004", "SELECT tenantry.use_tenant('"+t.name+"')")
	use.what = "PostgreSQL: the application in its name"
	ping := redisRefused(t.cache, "WRONGPASS", "PING")
	ping.what = "Redis: a new connection"
	out = append(out, use, ping)
	if token := t.secrets["qdrant"]; token != nil {
		collection := "tenant_" + t.name + "_" + corpusOf[t.name]
		a := vectorsRefused(token, codes.Unauthenticated, d.simulated()+"Qdrant: its token", query(collection))
		out = append(out, a)
	}
	if b := t.gateway(); b != nil && sharedCorpusOf[t.name] != "" {
		out = append(out, vectorsRefused(b, codes.PermissionDenied, d.throughGateway()+": its token", query(sharedCorpusOf[t.name])))
	}
	return out
}

func oneOf(got string, want ...string) error {
	if slices.Contains(want, got) {
		return nil
	}
	return fmt.Errorf("expected %s, got %q", strings.Join(want, " or "), got)
}

// sqlWords are the server's words in an error, or the error as it is.
func sqlWords(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return words(e)
	}
	return fmt.Sprint(err)
}

// sqlState is the SQLSTATE of an error, "" where a server did not give it.
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// alive checks that the very same Secrets open everything again.
func (d *demo) alive(ctx context.Context, t *tenant) error {
	before := fmt.Sprint(t.secrets)
	if err := t.readSecrets(ctx); err != nil {
		return err
	}
	if before != fmt.Sprint(t.secrets) {
		return &mismatch{what: "the Secrets of " + t.name, want: "the same as before the suspension", got: "others"}
	}
	if err := d.readRows(ctx, t); err != nil {
		return err
	}
	if err := d.readCache(ctx, t); err != nil {
		return err
	}
	if err := d.ask(ctx, t.secrets["qdrant"], t.name); err != nil {
		return err
	}
	if err := d.readAll(ctx, t); err != nil {
		return err
	}
	d.note("back to Active, the same Secrets open everything again")
	return nil
}
