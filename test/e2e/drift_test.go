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

	"github.com/qdrant/go-client/qdrant"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/utils/clock"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

var (
	reportOnly = harness.Want{Type: "Enforcing", Status: "False", Reason: "ReportOnly"}
	enforcing  = harness.Want{Type: "Enforcing", Status: "True", Reason: "Enforcing"}
)

// planted is drift that somebody makes by hand on one server.
type planted struct {
	layer tenantryv1.LayerName
	plant func(*testing.T, *harness.Servers)
	// stands says whether it is still there.
	stands func(*testing.T, *harness.Servers) bool
}

func plantings() map[string]planted {
	return map[string]planted{
		"a role that may not log in": {"Rows", func(t *testing.T, s *harness.Servers) {
			s.Database.Exec(t, fmt.Sprintf(`DO $$ BEGIN EXECUTE format('ALTER ROLE %%I NOLOGIN', %s); END $$`, loginQuery))
		}, func(t *testing.T, s *harness.Servers) bool {
			var out bool
			if err := s.Database.Superuser(t).QueryRow(t.Context(), `SELECT NOT rolcanlogin FROM pg_roles WHERE rolname = `+loginQuery).Scan(&out); err != nil {
				t.Fatal(err)
			}
			return out
		}},
		"a user that reaches every key": {"Cache", func(t *testing.T, s *harness.Servers) {
			if err := s.RedisAdmin(t).Do(t.Context(), "ACL", "SETUSER", "tenant-acme", "~*").Err(); err != nil {
				t.Fatal(err)
			}
		}, func(t *testing.T, s *harness.Servers) bool {
			lines, err := s.RedisAdmin(t).Do(t.Context(), "ACL", "LIST").StringSlice()
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "user tenant-acme ") && strings.Contains(l, " ~* ") })
		}},
		"a token without its record": {"Vector", func(t *testing.T, s *harness.Servers) {
			wait := true
			if _, err := s.QdrantAdmin(t).Delete(t.Context(), &qdrant.DeletePoints{
				CollectionName: tokenRecords, Wait: &wait, Points: qdrant.NewPointsSelectorFilter(&qdrant.Filter{}),
			}); err != nil {
				t.Fatal(err)
			}
		}, func(t *testing.T, s *harness.Servers) bool {
			n, err := s.QdrantAdmin(t).Count(t.Context(), &qdrant.CountPoints{CollectionName: tokenRecords})
			if err != nil {
				t.Fatal(err)
			}
			return n == 0
		}},
	}
}

const (
	loginQuery   = `(SELECT role_name FROM tenantry.logins WHERE tenant_id = 'acme' LIMIT 1)`
	tokenRecords = "tenantry_tokens"
)

// TestDriftIsToldAndMended in each layer: found, explained, put right, and nothing left of it in status.
func TestDriftIsToldAndMended(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	for name, p := range plantings() {
		t.Run(name, func(t *testing.T) {
			p.plant(t, s)
			found := awaitEvent(t, c, tenantryv1.ReasonDrifted, "Found: ", string(p.layer))
			if strings.TrimSpace(found.Note) == "" || found.Type != "Warning" {
				t.Errorf("told as %s %q", found.Type, found.Note)
			}
			awaitEvent(t, c, tenantryv1.ReasonDriftCorrected, "Corrected: ", string(p.layer))
			tn := c.AwaitTenant(t, "acme", append(harness.Isolated, enforcing)...)
			if *tn.Status.FindingsTotal != 0 || len(tn.Status.Findings) > 0 || len(tn.Status.Plan) > 0 {
				t.Errorf("left in status: %+v, %v", tn.Status.Findings, tn.Status.Plan)
			}
			if p.stands(t, s) {
				t.Error("it was told and not put right")
			}
		})
	}
}

// TestDriftIsOnlyReported where that is asked for, in each layer: shown with what would be done, and left alone.
func TestDriftIsOnlyReported(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	for name, p := range plantings() {
		t.Run(name, func(t *testing.T) {
			harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftReport })
			c.AwaitTenant(t, "acme", append(harness.Isolated, reportOnly)...)
			p.plant(t, s)
			tn := harness.AwaitThat(t, c, "", "acme", func(tn *tenantryv1.Tenant) error {
				if !slices.ContainsFunc(tn.Status.Findings, func(f tenantryv1.Finding) bool { return f.Layer == p.layer }) {
					return fmt.Errorf("no finding of %s among %+v", p.layer, tn.Status.Findings)
				}
				return nil
			})
			if plan := strings.Join(tn.Status.Plan, "\n"); !strings.Contains(plan, string(p.layer)+" ") {
				t.Errorf("the plan does not show it: %q", plan)
			}
			for range 3 { // rounds of the audit pass and nothing is done
				awaitRound(t, c)
			}
			if !p.stands(t, s) {
				t.Error("drift that is only to be reported was put right")
			}
			harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Drift = tenantryv1.DriftCorrect })
			if tn := c.AwaitTenant(t, "acme", append(harness.Isolated, enforcing)...); len(tn.Status.Findings) > 0 || p.stands(t, s) {
				t.Errorf("left: %+v", tn.Status.Findings)
			}
		})
	}
}

// TestFight: another hand undoes every correction. It is noticed and told, and the corrections get fewer.
func TestFight(t *testing.T) {
	t.Parallel()
	c, s := settled(t, operator.Options{})
	p := plantings()["a user that reaches every key"]
	for round := range 12 {
		p.plant(t, s)
		fought := false
		harness.Eventually(t, harness.SettleWithin, fmt.Sprintf("correction %d", round+1), func(ctx context.Context) error {
			tn, err := harness.Read[tenantryv1.Tenant](ctx, c, "", "acme")
			if err != nil {
				return err
			}
			i := slices.IndexFunc(tn.Status.Findings, func(f tenantryv1.Finding) bool { return f.Check == "fight" })
			if fought = i >= 0; fought {
				return checkFight(tn.Status.Findings[i])
			}
			if p.stands(t, s) {
				return errors.New("not put right yet")
			}
			return nil
		})
		if fought {
			if round < 2 {
				t.Errorf("a fight after %d corrections", round+1)
			}
			awaitEvent(t, c, tenantryv1.ReasonFight, "Found: ", "Cache")
			return
		}
	}
	t.Error("12 rounds, and no fight was noticed")
}

func checkFight(f tenantryv1.Finding) error {
	if f.Kind != "Hazard" || f.Severity != "Warning" || !strings.Contains(f.Object, "tenant-acme") || !strings.Contains(f.Message, "times since") {
		return fmt.Errorf("told as %+v", f)
	}
	return nil
}

// later is a clock that can be put forward.
type later struct {
	clock.RealClock
	by atomic.Int64
}

func (l *later) Now() time.Time                  { return time.Now().Add(time.Duration(l.by.Load())) }
func (l *later) Since(t time.Time) time.Duration { return l.Now().Sub(t) }

// TestAcceptedHazard is shown and does not count, until the acceptance expires.
func TestAcceptedHazard(t *testing.T) {
	t.Parallel()
	clk := &later{}
	// A PostgreSQL of its own: roles of other tests would fill the list of findings.
	s := harness.NewServers(t, stacktest.NewPostgres(t, stack.PostgresOptions{}), documents)
	c := settledOn(t, s, operator.Options{Clock: clk})
	s.Database.Exec(t, `CREATE VIEW public.everything AS SELECT * FROM documents`, `GRANT SELECT ON public.everything TO PUBLIC`)
	c.AwaitTenant(t, "acme", harness.Want{Type: "RowsIsolated", Status: "False", Reason: "Hazard", Says: "everything"})
	hazard := awaitFinding(t, c, func(f tenantryv1.Finding) bool { return f.Check == "view" })
	harness.Update(t, c, "", "eu-1", func(dp *tenantryv1.DataPlane) {
		dp.Spec.AcceptedHazards = []tenantryv1.AcceptedHazard{
			{ID: "view", Object: hazard.Object, Severity: "Critical", Reason: "the auditors' report", Expires: clk.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly)},
			{ID: "view", Object: "view public.gone", Reason: "was there once", Expires: clk.Now().UTC().AddDate(1, 0, 0).Format(time.DateOnly)},
		}
	})
	c.AwaitTenant(t, "acme", append(harness.Isolated, harness.Want{Type: "RowsIsolated", Status: "True", Says: "accepted"})...)
	dp := harness.AwaitThat(t, c, "", "eu-1", func(dp *tenantryv1.DataPlane) error {
		if dp.Status.FindingsAccepted != 1 {
			return fmt.Errorf("%d are accepted", dp.Status.FindingsAccepted)
		}
		return nil
	})
	i := slices.IndexFunc(dp.Status.Findings, func(f tenantryv1.Finding) bool { return f.ID == hazard.ID })
	if i < 0 || dp.Status.Findings[i].Accepted == nil || dp.Status.Findings[i].Accepted.Reason != "the auditors' report" {
		t.Errorf("it is not shown: %+v", dp.Status.Findings)
	}
	awaitFinding(t, c, func(f tenantryv1.Finding) bool { return f.Check == "accepts-nothing" })
	clk.by.Store(int64(72 * time.Hour))
	c.AwaitTenant(t, "acme", harness.Want{Type: "RowsIsolated", Status: "False", Reason: "Hazard", Says: "expired on"})
}

func awaitFinding(t *testing.T, c *harness.Cluster, is func(tenantryv1.Finding) bool) tenantryv1.Finding {
	t.Helper()
	var out tenantryv1.Finding
	harness.AwaitThat(t, c, "", "eu-1", func(dp *tenantryv1.DataPlane) error {
		i := slices.IndexFunc(dp.Status.Findings, is)
		if i < 0 {
			return fmt.Errorf("not among %+v", dp.Status.Findings)
		}
		out = dp.Status.Findings[i]
		return nil
	})
	return out
}

// awaitEvent waits for an Event of a reason on Tenant acme whose note begins and mentions as given.
func awaitEvent(t *testing.T, c *harness.Cluster, reason, begins, mentions string) *eventsv1.Event {
	t.Helper()
	var out *eventsv1.Event
	harness.Eventually(t, harness.SettleWithin, "an Event "+reason+" of "+mentions, func(ctx context.Context) error {
		var list eventsv1.EventList
		if err := c.List(ctx, &list); err != nil {
			return err
		}
		for i := range list.Items {
			e := &list.Items[i]
			if e.Reason == reason && e.Regarding.Name == "acme" && strings.HasPrefix(e.Note, begins) && strings.Contains(e.Note, mentions) {
				out = e
				return nil
			}
		}
		return fmt.Errorf("none of %d Events is", len(list.Items))
	})
	return out
}

var rounds atomic.Int64

// awaitRound waits until the audit has made a round that began after the call.
func awaitRound(t *testing.T, c *harness.Cluster) {
	t.Helper()
	token := fmt.Sprint("round-", rounds.Add(1))
	harness.Update(t, c, "", "acme", func(tn *tenantryv1.Tenant) {
		if tn.Annotations == nil {
			tn.Annotations = map[string]string{}
		}
		tn.Annotations[tenantryv1.ReconcileAtAnnotation] = token
	})
	harness.AwaitThat(t, c, "", "acme", func(tn *tenantryv1.Tenant) error {
		if tn.Status.LastHandledReconcileAt != token {
			return errors.New("not handled yet")
		}
		return nil
	})
}
