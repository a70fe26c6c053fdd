package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"k8s.io/apimachinery/pkg/api/meta"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

// probed is a plane of three servers and a gateway whose tenants are probed every two seconds.
type probed struct {
	*served

	// logins counts those of probes.
	logins atomic.Int64
}

func newProbed(t *testing.T) *probed {
	t.Helper()
	p := &probed{}
	o := operator.Options{ProbePeriod: 2 * time.Second, Hooks: connect.Hooks{Trace: func(layer boundary.Layer, _, name string) {
		if layer == boundary.Rows && name == "probe login" {
			p.logins.Add(1)
		}
	}}}
	p.served = newPlane(t, o, func(*tenantryv1.DataPlane) {})
	for _, tenant := range []string{"acme", "beta"} {
		p.Make(t, harness.NewTenant("eu-1", tenant))
	}
	p.Make(t, harness.NewCorpus("acme", "notes"))
	for tenant, corpus := range map[string]string{"acme": "files", "beta": "papers"} {
		p.Make(t, harness.NewCorpus(tenant, corpus, harness.InSharedCollection))
		p.AwaitCorpus(t, harness.TenantNamespace, corpus, harness.Ready)
		p.AwaitTenant(t, tenant, harness.Isolated...)
		awaitIDs(t, p.Cluster, tenant)
		p.servers.Database.Exec(t, fmt.Sprintf("INSERT INTO documents (tenant_id, body) VALUES ('%s', 'of its own')", tenant))
	}
	return p
}

// awaitProbe waits until what probes know of a tenant is as it should be.
func (p *probed) awaitProbe(t *testing.T, name string, check func(*tenantryv1.Tenant) error) *tenantryv1.Tenant {
	t.Helper()
	return harness.AwaitThat(t, p.Cluster, "", name, func(tn *tenantryv1.Tenant) error {
		if tn.Status.Probe == nil {
			return errors.New("not probed yet")
		}
		if err := check(tn); err != nil {
			return fmt.Errorf("%w\n%s", err, evidence(tn))
		}
		return nil
	})
}

func evidence(tn *tenantryv1.Tenant) string {
	var out []string
	for _, c := range tn.Status.Conditions {
		out = append(out, fmt.Sprintf("%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message))
	}
	for _, e := range tn.Status.Probe.Evidence {
		out = append(out, fmt.Sprintf("%s %s: %s %s", e.Layer, e.Result, e.Attempt, e.Answer))
	}
	return strings.Join(out, "\n")
}

// passes: everything was tried, and nothing got through or was void.
func passes(attempts ...string) func(*tenantryv1.Tenant) error {
	return func(tn *tenantryv1.Tenant) error {
		pr := tn.Status.Probe
		if pr.Failed != 0 || pr.Void != 0 || pr.Since == nil {
			return fmt.Errorf("%d failed, %d void", pr.Failed, pr.Void)
		}
		for _, a := range attempts {
			if !slices.ContainsFunc(pr.Evidence, func(e tenantryv1.ProbeEvidence) bool { return e.Attempt == a }) {
				return fmt.Errorf("%q was not tried", a)
			}
		}
		return nil
	}
}

func finds(check, object string) func(*tenantryv1.Tenant) error {
	return func(tn *tenantryv1.Tenant) error {
		for _, f := range tn.Status.Findings {
			if f.Object == object && f.Severity == "Critical" {
				return nil
			}
		}
		return fmt.Errorf("no finding %s about %q", check, object)
	}
}

// rounds waits until as many probes more have logged in.
func (p *probed) rounds(t *testing.T, n int64) {
	t.Helper()
	from := p.logins.Load()
	harness.Eventually(t, harness.SettleWithin, "more probes", func(context.Context) error {
		if got := p.logins.Load() - from; got < n {
			return fmt.Errorf("%d of %d", got, n)
		}
		return nil
	})
}

func TestLiveProbes(t *testing.T) {
	t.Parallel()
	outer := t
	p := newProbed(t)
	all := passes("logs in with the issued password and is itself", "uses its own keys and channels", "reads its own collections", "gateway: lists and counts its own collections")
	p.awaitProbe(t, "acme", all)
	p.awaitProbe(t, "beta", passes("logs in with the issued password and is itself", "uses its own keys and channels", "gateway: lists and counts its own collections"))

	t.Run("write nothing once the outcome is known", func(t *testing.T) {
		before := p.AwaitTenant(t, "acme", harness.Isolated...)
		p.rounds(t, 12)
		if after := p.AwaitTenant(t, "acme", harness.Isolated...); after.ResourceVersion != before.ResourceVersion {
			t.Errorf("the Tenant was written in between:\n%s\n%s", evidence(before), evidence(after))
		}
		dp := p.AwaitDataPlane(t, "eu-1", harness.Ready)
		if dp.Status.LastProbeTime == nil || *dp.Status.FindingsTotal != 0 && strings.Contains(fmt.Sprint(dp.Status.Findings), "canary") {
			t.Errorf("last probe %v, findings %v", dp.Status.LastProbeTime, dp.Status.Findings)
		}
	})
	t.Run("find a password that was changed on the server", func(t *testing.T) {
		secret := p.Credential(t, "acme-postgres")
		p.servers.Database.Exec(t, `ALTER ROLE "`+secret["username"]+`" PASSWORD 'changed by hand'`)
		if conn, err := pgx.Connect(t.Context(), secret["uri"]); err == nil {
			_ = conn.Close(t.Context())
			t.Fatal("the old password still works")
		}
		harness.Eventually(t, harness.SettleWithin, "the issued password", func(ctx context.Context) error {
			conn, err := pgx.Connect(ctx, secret["uri"])
			if err == nil {
				_ = conn.Close(ctx)
			}
			return err
		})
		p.awaitProbe(t, "acme", all)
		p.AwaitTenant(t, "acme", harness.Isolated...)
	})
	t.Run("find what crosses, for as long as it does", func(t *testing.T) {
		harness.Update(t, p.Cluster, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftReport })
		p.AwaitTenant(t, "acme", harness.Isolated...)
		admin := p.servers.RedisAdmin(t)
		if err := admin.Do(t.Context(), "acl", "setuser", "tenant-acme", "~*").Err(); err != nil {
			t.Fatal(err)
		}
		found := p.awaitProbe(t, "acme", finds("probe-crossed", "probe: reads keys of other tenants"))
		if meta.IsStatusConditionTrue(found.Status.Conditions, tenantryv1.ConditionCacheIsolated) || found.Status.Probe.Failed == 0 {
			t.Errorf("%d failed, and the layer counts as isolated", found.Status.Probe.Failed)
		}
		p.operator.Stop()
		p.operator = p.StartOperator(outer, operator.Options{ProbePeriod: 2 * time.Second})
		p.rounds0(t)
		if err := finds("probe-crossed", "probe: reads keys of other tenants")(p.tenant(t, "acme")); err != nil {
			t.Errorf("a restart forgets it: %v", err)
		}
		for _, rule := range [][]any{{"acl", "setuser", "tenant-acme", "resetkeys", "~ai:acme:*"}} {
			if err := admin.Do(t.Context(), rule...).Err(); err != nil {
				t.Fatal(err)
			}
		}
		p.awaitProbe(t, "acme", all)
		p.AwaitTenant(t, "acme", harness.Isolated...)
	})
	t.Run("of a suspended tenant", func(t *testing.T) {
		harness.Update(t, p.Cluster, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
		p.awaitProbe(t, "acme", passes("logs in although its access is closed", "uses its keys although its access is closed",
			"uses its token although its access is closed"))
	})
	t.Run("leave nothing behind", func(t *testing.T) {
		p.operator.Stop()
		su := p.servers.Database.Superuser(t)
		for want, query := range map[string]string{
			"2": "SELECT count(*)::text FROM documents",
			"0": "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'tenantry-probe' AND datname = current_database()",
		} {
			var got string
			if err := su.QueryRow(t.Context(), query).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s, %v, want %s", query, got, err, want)
			}
		}
		if keys, err := p.servers.RedisAdmin(t).Keys(t.Context(), "ai:*").Result(); err != nil || len(keys) != 0 {
			t.Errorf("keys %v, %v", keys, err)
		}
	})
}

func (p *probed) tenant(t *testing.T, name string) *tenantryv1.Tenant {
	t.Helper()
	tn, err := harness.Read[tenantryv1.Tenant](t.Context(), p.Cluster, "", name)
	if err != nil {
		t.Fatal(err)
	}
	return tn
}

// rounds0 waits until an operator without a counter has looked at the plane.
func (p *probed) rounds0(t *testing.T) {
	t.Helper()
	token := fmt.Sprint(time.Now().UnixNano())
	harness.Update(t, p.Cluster, "", "acme", func(tn *tenantryv1.Tenant) {
		meta := tn.GetAnnotations()
		if meta == nil {
			meta = map[string]string{}
		}
		meta[tenantryv1.ReconcileAtAnnotation] = token
		tn.SetAnnotations(meta)
	})
	harness.AwaitThat(t, p.Cluster, "", "acme", func(tn *tenantryv1.Tenant) error {
		if tn.Status.LastHandledReconcileAt != token {
			return errors.New("not handled yet")
		}
		return nil
	})
}

// TestCanariesAreNobodysTenants: no Tenant may take their ids, and a plane that is let go closes them.
func TestCanariesAreNobodysTenants(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	c.StartOperator(t, operator.Options{ProbePeriod: 2 * time.Second})
	s.DataPlane(t, c, "eu-1")
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	logins := func() (n int) {
		su := s.Database.Superuser(t)
		if err := su.QueryRow(t.Context(), `SELECT count(*) FROM pg_roles r JOIN tenantry.logins l ON l.role_name = r.rolname
			WHERE r.rolcanlogin AND l.tenant_id LIKE 'tenantry-canary-_'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	await := func(want int) {
		t.Helper()
		harness.Eventually(t, harness.SettleWithin, fmt.Sprintf("%d canaries that can log in", want), func(context.Context) error {
			if n := logins(); n != want {
				return fmt.Errorf("%d", n)
			}
			return nil
		})
	}
	await(2)
	if dp := c.AwaitDataPlane(t, "eu-1", harness.Ready); dp.Status.Tenants != 0 {
		t.Errorf("%d Tenants are counted", dp.Status.Tenants)
	}
	c.Make(t, harness.NewTenant("eu-1", "thief", func(tn *tenantryv1.Tenant) { tn.Spec.TenantID = "tenantry-canary-1" }))
	c.AwaitTenant(t, "thief", harness.Want{Type: tenantryv1.ConditionStalled, Status: "True", Reason: tenantryv1.ReasonInvalidSpec})
	thief, err := harness.Read[tenantryv1.Tenant](t.Context(), c, "", "thief")
	if err != nil {
		t.Fatal(err)
	}
	c.Remove(t, thief)
	dp, err := harness.Read[tenantryv1.DataPlane](t.Context(), c, "", "eu-1")
	if err != nil {
		t.Fatal(err)
	}
	c.Remove(t, dp)
	c.AwaitGone(t, &tenantryv1.DataPlane{}, "", "eu-1")
	await(0)
}
