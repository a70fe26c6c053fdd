package e2e

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/test/harness"
)

// TestBudgetDriftIsReported and left alone where the plane says so, and mended once it does not any more.
func TestBudgetDriftIsReported(t *testing.T) {
	t.Parallel()
	b := newBooks(t, stacktest.Postgres(t), "acme")
	b.Make(t, tokens("acme", "acme", "1000"))
	b.await(t, "acme", enforced...)
	b.spend(t, "acme", "r1", 600)
	setDrift := func(to tenantryv1.DriftPolicy) {
		harness.Update(t, b.Cluster, "", "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Drift = to })
		b.AwaitDataPlane(t, "eu-1", harness.Ready)
	}
	setDrift(tenantryv1.DriftReport)
	b.await(t, "acme", enforced...)
	apps := b.value(t, "SELECT a.grantee::regrole::text FROM pg_proc p, aclexplode(p.proacl) a WHERE p.oid = 'tenantry.release(text)'::regprocedure AND a.grantee <> p.proowner")
	const mayRelease = "SELECT has_function_privilege($1, 'tenantry.release(text)', 'EXECUTE')::text"
	for name, c := range map[string]struct {
		by, undo, says string
		query          string
		args           []any
		stays          string
	}{
		"limit": {"UPDATE tenantry.tenant_budgets SET amounts = '{9000}'", "UPDATE tenantry.tenant_budgets SET amounts = '{1000}'",
			"budget of tenant acme", row, []any{"acme"}, "{9000} {600} {0}"},
		"price": {"INSERT INTO tenantry.model_prices VALUES ('big', clock_timestamp(), 0, 0)", "DELETE FROM tenantry.model_prices WHERE input_price = 0",
			"price of model big", price, nil, "0"},
		"function": {"REVOKE EXECUTE ON FUNCTION tenantry.release(text) FROM " + apps, "GRANT EXECUTE ON FUNCTION tenantry.release(text) TO " + apps,
			"function tenantry.release(text)", mayRelease, []any{apps}, "false"},
		"counters": {"UPDATE tenantry.tenant_budgets SET used = '{0}'", "UPDATE tenantry.tenant_budgets SET used = '{600}'",
			"counters of tenant acme", row, []any{"acme"}, "{1000} {0} {0}"},
	} {
		drifted := harness.Want{Type: "Enforced", Status: "False", Reason: "Drifted", Says: c.says}
		t.Run(name, func(t *testing.T) {
			b.db.Exec(t, c.by)
			b.look(t, name)
			a := b.await(t, "acme", drifted)
			if meta.IsStatusConditionTrue(a.Status.Conditions, "Ready") {
				t.Error("it is called ready")
			}
			b.look(t, name+", looked at again")
			harness.AwaitThat(t, b.Cluster, "", "eu-1", func(dp *tenantryv1.DataPlane) error {
				if got := dp.Status.LastHandledReconcileAt; got != name+", looked at again" {
					return fmt.Errorf("the last look was %q", got)
				}
				return nil
			})
			b.await(t, "acme", drifted)
			if got := b.value(t, c.query, c.args...); got != c.stays {
				t.Errorf("%s: %s, and it was to be left at %s", c.query, got, c.stays)
			}
			b.db.Exec(t, c.undo)
			b.look(t, name+", undone")
			b.await(t, "acme", enforced...)
		})
	}
	b.db.Exec(t, "UPDATE tenantry.tenant_budgets SET amounts = '{9000}', used = '{0}'", "REVOKE EXECUTE ON FUNCTION tenantry.release(text) FROM "+apps)
	b.look(t, "everything at once")
	b.await(t, "acme", harness.Want{Type: "Enforced", Status: "False", Reason: "Drifted"})
	setDrift(tenantryv1.DriftCorrect)
	b.await(t, "acme", enforced...)
	b.awaitValue(t, "{1000} {600} {0}", row, "acme")
	b.awaitValue(t, "true", mayRelease, apps)
}
