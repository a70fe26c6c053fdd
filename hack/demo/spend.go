package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// Figures of the budget of blue-dental in config/samples, in micro-dollars: 5.00 USD a day. What is left of it after two calls
// is room for so many callers.
const (
	dailyLimit = 5_000_000
	callers    = 40
	room       = 14
)

// spend uses a budget up: through the application, with the tenant's own login, and by many callers at once. Not a token more
// than the limit is let through, and the tenant can do nothing about it.
func (d *demo) spend(ctx context.Context) error {
	t := d.tenants[blue]
	d.console.Say("blue-dental may spend 5.00 USD a day. Whoever calls a model for it asks the ledger before, and reports after.")
	if err := d.callModels(ctx, t); err != nil {
		return err
	}
	if err := d.rush(ctx, t); err != nil {
		return err
	}
	tries := []front{{who: "blue-dental against budgets, its own and those of others", attempts: budgetAttempts(t, acme)}}
	if err := d.storm(ctx, "PostgreSQL", "a tenant against budgets", tries); err != nil {
		return err
	}
	if err := d.kubectl.show(ctx, "wait", "--for=condition=WithinBudget=false", "--timeout=60s", "aibudget/"+blue, "--namespace", platformNamespace); err != nil {
		return err
	}
	if err := d.kubectl.show(ctx, "get", "aibudgets", "--namespace", platformNamespace); err != nil {
		return err
	}
	d.note("an AI budget was used up to the last micro-dollar by %d callers at once, and not beyond", callers)
	return nil
}

// ask is a question to the ledger and the answer that it must have.
type ask struct {
	as   string
	in   session
	call string
	want string
}

// session runs one query as somebody, in a transaction of its own.
type session func(ctx context.Context, query string) (string, error)

// callModels makes two calls, of 1.60 and 2.00 USD, and a retry.
func (d *demo) callModels(ctx context.Context, t *tenant) error {
	app, own := onBehalf(d.application, blue), ownLogin(t.rows)
	const reserve, settle = "decision, model FROM tenantry.reserve", "state, again, cost_micros FROM tenantry.settle"
	var shown []console.Row
	for _, a := range []ask{
		{"app", app, reserve + "('visit-1', 'gpt-4o', 400000, 100000)", "Granted gpt-4o"},
		{"app", app, settle + "('visit-1', 400000, 60000)", "Settled false 1600000"},
		{"app", app, settle + "('visit-1', 400000, 60000)", "Settled true 1600000"}, // a retry is charged once
		{blue, own, reserve + "('visit-2', 'gpt-4o', 400000, 100000)", "Granted gpt-4o"},
		{blue, own, settle + "('visit-2', 1, 1)", "Settled false 2000000"}, // it never pays less than it reserved
		{blue, own, "decision, unit, used, reserved, limit_amount FROM tenantry.reserve('visit-3', 'gpt-4o', 400000, 100000)", "Refused USD 3600000 0 5000000"},
	} {
		got, err := a.in(ctx, "SELECT "+a.call)
		if err == nil {
			err = expect(a.call+" as "+a.as, a.want, got)
		}
		if err != nil {
			return err
		}
		shown = append(shown, console.Row{Cells: []string{a.as, "SELECT " + a.call, got}})
	}
	d.console.Table([]string{"as", "call, for blue-dental", "the ledger's answer; USD in millionths"}, shown)
	return nil
}

// rush has many callers reserve at once what some of them have room for, and settles what was granted.
func (d *demo) rush(ctx context.Context, t *tenant) error {
	sessions := []session{onBehalf(d.application, blue), ownLogin(t.rows)}
	granted := make(chan string, callers)
	failed := make(chan error, callers)
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			id := fmt.Sprintf("rush-%d", caller)
			decision, err := sessions[caller%2](ctx, "SELECT decision FROM tenantry.reserve('"+id+"', 'gpt-4o', 0, 10000)")
			if err != nil {
				failed <- err
			} else if decision == "Granted" {
				granted <- id
			}
		})
	}
	all.Wait()
	close(granted)
	close(failed)
	if err := <-failed; err != nil {
		return err
	}
	if err := expect("how many of the callers were granted", room, len(granted)); err != nil {
		return err
	}
	for id := range granted {
		if _, err := sessions[0](ctx, "SELECT state FROM tenantry.settle('"+id+"', 0, 10000)"); err != nil {
			return err
		}
	}
	const sums = "SELECT sum(cost_micros)::text FROM tenantry.ai_usage_logs"
	spent, err := sessions[1](ctx, sums)
	if err == nil {
		err = expect(sums+" as "+blue, fmt.Sprint(dailyLimit), spent)
	}
	if err == nil {
		d.console.OK("%d callers reserve 0.10 USD each at once, with 1.40 left: %d are granted, and the day's 5.00 USD are spent exactly", callers, room)
	}
	return err
}

// budgetAttempts are what a tenant may try to spend more than it may, or what is another's.
func budgetAttempts(t *tenant, victim string) []attempt {
	as := login(t.rows)
	return []attempt{
		sqlSees(as, "Refused", "SELECT decision FROM tenantry.reserve('visit-4', 'gpt-4o-mini', 1, 1)"),
		sqlRefused(as, denied, "UPDATE tenantry.tenant_budgets SET amounts = '{1000000000}'"),
		sqlRefused(as, denied, "SELECT * FROM tenantry.release('visit-1')"),
		sqlRefused(as, denied, "DELETE FROM tenantry.ai_usage_logs"),
		sqlRefused(as, denied, "SELECT * FROM tenantry.reserve_many('{"+victim+"}', '{x}', '{gpt-4o}', '{1}', '{1}')"),
		sqlSees(as, "0", "SELECT count(*) FROM tenantry.ai_usage_logs WHERE tenant_id <> '"+t.name+"'"),
		sqlRefused(as, denied, "SELECT * FROM tenantry.usage_by_day"),
	}
}

// onBehalf runs queries as the shared application for one tenant.
func onBehalf(as login, name string) session {
	return func(ctx context.Context, query string) (string, error) {
		return inTransaction(ctx, as, "SELECT tenantry.use_tenant('"+name+"')", query)
	}
}

// ownLogin runs queries with a tenant's own login.
func ownLogin(as login) session {
	return func(ctx context.Context, query string) (string, error) { return inTransaction(ctx, as, query) }
}

// inTransaction answers with the values of the last statement's first row.
func inTransaction(ctx context.Context, as login, statements ...string) (out string, err error) {
	conn, err := as(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, s := range statements {
			rows, err := tx.Query(ctx, s)
			if err != nil {
				return err
			}
			lines, err := pgx.CollectRows(rows, oneLine)
			if err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
			out = strings.Join(lines, "\n")
		}
		return nil
	})
	return out, err
}

// oneLine is a row with its values beside each other.
func oneLine(row pgx.CollectableRow) (string, error) {
	values, err := row.Values()
	words := make([]string, 0, len(values))
	for _, v := range values {
		words = append(words, fmt.Sprint(v))
	}
	return strings.Join(words, " "), err
}
