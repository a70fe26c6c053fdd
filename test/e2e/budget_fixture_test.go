package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

// books are a plane with nothing but PostgreSQL, and tenants who spend.
type books struct {
	*harness.Cluster

	db    *harness.Database
	clock *movingClock
	op    *harness.Running
}

// movingClock runs, and can be moved forward.
type movingClock struct{ by atomic.Int64 }

func (c *movingClock) Now() time.Time                  { return time.Now().Add(time.Duration(c.by.Load())) }
func (c *movingClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

func newBooks(t *testing.T, pg *stack.Postgres, tenants ...string) *books {
	t.Helper()
	b := &books{Cluster: harness.NewCluster(t), db: harness.NewDatabase(t, pg), clock: &movingClock{}}
	b.start(t)
	(&harness.Servers{Database: b.db}).DataPlane(t, b.Cluster, "eu-1", priced)
	b.AwaitDataPlane(t, "eu-1", harness.Ready)
	for _, name := range tenants {
		b.Make(t, harness.NewTenant("eu-1", name))
	}
	for _, name := range tenants {
		b.AwaitTenant(t, name, harness.Isolated...)
	}
	return b
}

func (b *books) start(t *testing.T) { b.op = b.StartOperator(t, operator.Options{Clock: b.clock}) }

// priced: a token of big costs a micro-dollar in and two out, one of small a tenth.
func priced(dp *tenantryv1.DataPlane) {
	dp.Spec.Models = []tenantryv1.ModelPrice{
		{Name: "big", InputUSDPerMillion: "1.00", OutputUSDPerMillion: "2.00"},
		{Name: "small", InputUSDPerMillion: "0.10", OutputUSDPerMillion: "0.20"},
	}
	dp.Spec.Routing = []tenantryv1.ModelRoute{{Tier: "Standard", Complexity: "Complex", Model: "big"}, {Tier: "Standard", Complexity: "Simple", Model: "small"}}
}

// tokens is an AIBudget of so many tokens a month for all models together, in the trusted namespace.
func tokens(tenant, name, amount string, edit ...func(*tenantryv1.AIBudget)) *tenantryv1.AIBudget {
	b := &tenantryv1.AIBudget{}
	b.Namespace, b.Name = harness.TrustedNamespace, name
	b.Spec = tenantryv1.AIBudgetSpec{
		Tenant: tenant, Period: "Month", TimeZone: "Europe/Paris", Limits: []tenantryv1.BudgetLimit{{Unit: "Tokens", Model: "*", Amount: amount}},
	}
	for _, f := range edit {
		f(b)
	}
	return b
}

var enforced = []harness.Want{harness.Ready, {Type: "Enforced", Status: "True", Reason: "Enforced"}}

func (b *books) await(t *testing.T, name string, wants ...harness.Want) *tenantryv1.AIBudget {
	t.Helper()
	return harness.Await[tenantryv1.AIBudget](t, b.Cluster, harness.TrustedNamespace, name, wants...)
}

func (b *books) edit(t *testing.T, name string, edit func(*tenantryv1.AIBudget)) {
	t.Helper()
	harness.Update(t, b.Cluster, harness.TrustedNamespace, name, edit)
}

// login is a session of the tenant itself, with what was issued to it.
func (b *books) login(t *testing.T, tenant string) *pgx.Conn {
	t.Helper()
	awaitSecret(t, b.Cluster, tenant+"-postgres")
	return harness.Connect(t, b.Credential(t, tenant+"-postgres")["uri"])
}

// asApp runs one query as the application for a tenant, and answers with what it returns as text.
func (b *books) asApp(t *testing.T, tenant, query string, args ...any) (out string, err error) {
	t.Helper()
	conn := b.db.Connect(t, b.db.App)
	defer func() { _ = conn.Close(context.Background()) }() // a session that ends tells the server's statistics what it did
	err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), "SELECT tenantry.use_tenant($1)", tenant); err != nil {
			return err
		}
		return tx.QueryRow(t.Context(), query, args...).Scan(&out)
	})
	return out, err
}

// reserve says what the ledger answers to an application: the decision, and for a refusal the limit and its figures.
func (b *books) reserve(t *testing.T, tenant, id string, n int64) string {
	t.Helper()
	out, err := b.asApp(t, tenant, "SELECT concat_ws(' ', r.decision, r.unit, r.limit_model, r.used, r.reserved, r.limit_amount) FROM tenantry.reserve($1, 'big', $2, 0) r", id, n)
	if err != nil {
		t.Fatalf("reserve %s: %v", id, err)
	}
	return out
}

// spend reserves and settles.
func (b *books) spend(t *testing.T, tenant, id string, n int64) {
	t.Helper()
	if got := b.reserve(t, tenant, id, n); !strings.HasPrefix(got, "Granted") && !strings.HasPrefix(got, "Warned") {
		t.Fatalf("reserve %s: %s", id, got)
	}
	if _, err := b.asApp(t, tenant, "SELECT state FROM tenantry.settle($1, $2, 0)", id, n); err != nil {
		t.Fatalf("settle %s: %v", id, err)
	}
}

// look asks for an audit of the plane now.
func (b *books) look(t *testing.T, token string) {
	t.Helper()
	harness.Update(t, b.Cluster, "", "eu-1", func(dp *tenantryv1.DataPlane) {
		dp.Annotations = map[string]string{tenantryv1.ReconcileAtAnnotation: token}
	})
}

// value is one text that the superuser reads.
func (b *books) value(t *testing.T, query string, args ...any) (out string) {
	t.Helper()
	conn := b.db.Superuser(t)
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&out); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

const row = "SELECT concat_ws(' ', amounts, used, reserved) FROM tenantry.tenant_budgets WHERE tenant_id = $1"

// awaitValue waits until a query returns a text.
func (b *books) awaitValue(t *testing.T, want, query string, args ...any) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, query, func(context.Context) error {
		if got := b.value(t, query, args...); got != want {
			return fmt.Errorf("%s, want %s", got, want)
		}
		return nil
	})
}

// financeReads has a role of its own read the views, as docs/concepts/budgets.md says, also after the next audit.
func (b *books) financeReads(t *testing.T) {
	t.Helper()
	finance := harness.Login{Name: strings.Replace(b.db.App.Name, "app", "finance", 1), Password: "of-finance"}
	b.db.Exec(t, "CREATE ROLE "+finance.Name+" LOGIN PASSWORD '"+finance.Password+"'", "GRANT CONNECT ON DATABASE "+b.db.Name+" TO "+finance.Name,
		"GRANT USAGE ON SCHEMA tenantry TO "+finance.Name, "GRANT SELECT ON tenantry.usage_by_day, tenantry.usage_by_model TO "+finance.Name)
	looked := b.AwaitDataPlane(t, "eu-1", harness.Ready).Status.LastAuditTime
	b.clock.by.Add(int64(2 * time.Minute)) // so that the next audit shows in status
	harness.AwaitThat(t, b.Cluster, "", "eu-1", func(dp *tenantryv1.DataPlane) error {
		if dp.Status.LastAuditTime.Equal(looked) {
			return fmt.Errorf("audited at %s", looked)
		}
		return harness.Ready.Check(dp)
	})
	for _, view := range []string{"usage_by_day", "usage_by_model"} {
		var tenant, model, cost string
		if err := b.db.Connect(t, finance).QueryRow(t.Context(), "SELECT tenant_id, model, cost_usd::text FROM tenantry."+view).Scan(&tenant, &model, &cost); err != nil {
			t.Errorf("%s: %v", view, err)
		}
		if tenant != "acme" || model != "big" || cost != "0.000500" {
			t.Errorf("%s: %s spent %s on %s", view, tenant, cost, model)
		}
	}
}

// events of a reason that an AIBudget has, as note and how often.
func (b *books) events(t *testing.T, name, reason string) map[string]int {
	t.Helper()
	var list eventsv1.EventList
	if err := b.List(t.Context(), &list, client.InNamespace(harness.TrustedNamespace)); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, e := range list.Items {
		if e.Regarding.Name != name || e.Reason != reason {
			continue
		}
		n := 1
		if e.Series != nil {
			n = int(e.Series.Count)
		}
		note, _, _ := strings.Cut(e.Note, ";")
		out[note] += n
	}
	return out
}

// awaitEvent waits for an Event about a cluster-scoped object, whose Events stand in the namespace default.
func (b *books) awaitEvent(t *testing.T, name, reason, says string) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, "Event "+reason, func(ctx context.Context) error {
		var list eventsv1.EventList
		if err := b.List(ctx, &list, client.InNamespace(metav1.NamespaceDefault)); err != nil {
			return err
		}
		for _, e := range list.Items {
			if e.Regarding.Name == name && e.Reason == reason && strings.Contains(e.Note, says) {
				return nil
			}
		}
		return fmt.Errorf("none among %d", len(list.Items))
	})
}
