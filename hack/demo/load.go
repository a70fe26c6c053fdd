package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/hack/demo/data"
)

// corpusOf names the dedicated corpora that are filled, and referenceCollection the one copy of the regulation.
var corpusOf = map[string]string{acme: "protocols", cedar: "policies"}

// sharedCorpusOf names the corpora that lie in the one shared collection, of the tenants in sharing.
var (
	sharedCorpusOf = map[string]string{acme: "handouts", blue: "treatment-notes"}
	sharing        = []string{blue, acme}
)

const referenceCollection = "reference_eu-gdpr_gdpr"

// invoicesEach is how many invoices the application writes for each tenant.
const invoicesEach = 6

func (d *demo) load(ctx context.Context) error {
	if err := d.openTenants(ctx); err != nil {
		return err
	}
	if err := d.loadRows(ctx); err != nil {
		return err
	}
	if err := d.loadInvoices(ctx); err != nil {
		return err
	}
	if err := d.loadCache(ctx); err != nil {
		return err
	}
	return d.loadVectors(ctx)
}

// openTenants makes a kubeconfig for the workload of each tenant and reads its Secrets with it.
func (d *demo) openTenants(ctx context.Context) error {
	d.tenants = map[string]*tenant{}
	for _, name := range companies {
		kubeconfig, err := d.account(ctx, name, "worker")
		if err != nil {
			return err
		}
		d.tenants[name] = &tenant{name: name, kubectl: d.kubectl.as(kubeconfig)}
	}
	return d.awaitSecrets(ctx)
}

// awaitSecrets reads the Secrets until the tokens open the corpora that became ready last.
func (d *demo) awaitSecrets(ctx context.Context) error {
	wanted := map[string][]string{acme: {"protocols"}, cedar: {"policies", referenceCollection}}
	return eventually(ctx, "the tokens to open every corpus", func() error {
		for _, name := range companies {
			t := d.tenants[name]
			if err := t.readSecrets(ctx); err != nil {
				return err
			}
			for _, corpus := range wanted[name] {
				if _, err := t.secrets["qdrant"].collection(corpus); err != nil {
					return err
				}
			}
			if err := t.listsShared(); err != nil {
				return err
			}
		}
		return nil
	})
}

// eventually tries until it works, for a minute at most.
func eventually(ctx context.Context, what string, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, err)
		case <-tick.C:
		}
	}
}

// loadRows inserts each company's passages: through the tenant's own login where it has one, else through the application.
func (d *demo) loadRows(ctx context.Context) error {
	for _, name := range companies {
		passages, err := data.Load(name)
		if err != nil {
			return err
		}
		t := d.tenants[name]
		if t.secrets["postgresql"] == nil {
			err = d.insertAsApplication(ctx, t, passages)
		} else {
			err = insertAsTenant(ctx, t, passages)
		}
		if err != nil {
			return wrap("load the rows of "+name, err)
		}
	}
	d.console.OK("PostgreSQL: acme-health and blue-dental inserted their documents through logins of their own;")
	d.console.Say("  cedar-clinic has none, so the application did, as role app: BEGIN; SELECT tenantry.use_tenant('cedar-clinic'); INSERT …")
	return nil
}

const insertDocument = "INSERT INTO documents (tenant_id, title, body) VALUES ($1, $2, $3)"

func insertAsTenant(ctx context.Context, t *tenant, passages []data.Passage) error {
	conn, err := t.rows(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return insertAll(ctx, conn, t.name, passages)
}

func (d *demo) insertAsApplication(ctx context.Context, t *tenant, passages []data.Passage) error {
	conn, err := d.application(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return asTenant(ctx, conn, t.name, func(tx pgx.Tx) error { return insertAll(ctx, tx, t.name, passages) })
}

type batcher interface {
	SendBatch(context.Context, *pgx.Batch) pgx.BatchResults
}

func insertAll(ctx context.Context, to batcher, name string, passages []data.Passage) error {
	batch := &pgx.Batch{}
	for _, p := range passages {
		batch.Queue(insertDocument, name, p.Title, p.Body)
	}
	return to.SendBatch(ctx, batch).Close()
}

type beginner interface {
	Begin(context.Context) (pgx.Tx, error)
}

// asTenant is what an application does in each transaction.
func asTenant(ctx context.Context, conn beginner, name string, work func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT tenantry.use_tenant($1)", name); err != nil {
			return err
		}
		return work(tx)
	})
}

// loadInvoices serves three tenants, one after the other, over one pooled connection.
func (d *demo) loadInvoices(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(d.postgres.DSN("app", d.appRole, database))
	if err != nil {
		return err
	}
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	for i, name := range companies {
		if err := asTenant(ctx, pool, name, func(tx pgx.Tx) error { return insertInvoices(ctx, tx, name, i) }); err != nil {
			return wrap("write the invoices of "+name, err)
		}
	}
	d.console.OK("PostgreSQL: the application wrote %d invoices for each tenant over one pooled connection", invoicesEach)
	return nil
}

func insertInvoices(ctx context.Context, tx pgx.Tx, name string, company int) error {
	batch := &pgx.Batch{}
	for n := range invoicesEach {
		batch.Queue("INSERT INTO invoices (tenant_id, number, cents) VALUES ($1, $2, $3)",
			name, fmt.Sprintf("2026-%03d", n+1), 4900+company*1000+n*350)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// loadCache writes each tenant's keys with its own Redis user.
func (d *demo) loadCache(ctx context.Context) error {
	for _, name := range companies {
		t := d.tenants[name]
		client, err := t.cache()
		if err != nil {
			return err
		}
		pipe := client.Pipeline()
		for n := range 8 {
			pipe.Set(ctx, t.key(fmt.Sprintf("session:%d", n+1)), "opened by "+name, time.Hour)
		}
		pipe.HSet(ctx, t.key("settings"), "company", name, "language", "en")
		pipe.RPush(ctx, t.key("letters"), "first", "second")
		_, err = pipe.Exec(ctx)
		_ = client.Close()
		if err != nil {
			return wrap("write the keys of "+name, err)
		}
	}
	d.console.OK("Redis: each tenant wrote 10 keys as its own user, below %s:<tenantID>:", keyPrefix)
	return nil
}
