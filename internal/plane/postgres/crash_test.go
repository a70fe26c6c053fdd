package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/postgres"
)

var errCrash = errors.New("crash")

// crashing is a hook that fails before the k-th change and remembers whether it did.
type crashing struct {
	left    int
	crashed bool
}

func (c *crashing) before(boundary.Change) error {
	if c.left == 0 {
		c.crashed = true
		return errCrash
	}
	c.left--
	return nil
}

// run takes a plane and a tenant from nothing to open, or to the first error.
func (w *world) build(s *postgres.Server) error {
	ctx := context.Background()
	if _, err := s.Claim(ctx, w.marker); err != nil {
		return err
	}
	d, err := s.DiffPlane(ctx, plane.Fresh)
	if err != nil {
		return err
	}
	if err := s.Apply(ctx, d.Plan); err != nil {
		return err
	}
	for _, t := range []boundary.Tenant{tenant("acme"), w.withPassword(tenant("acme"))} {
		if _, err := converge(s, t); err != nil {
			return err
		}
	}
	return nil
}

// TestCrashAtEveryChange ends the manager before change 0, 1, 2, …, and looks at what stands: whoever can log in finds the
// protected tables protected. Then a new manager finishes the work.
func TestCrashAtEveryChange(t *testing.T) {
	w := newWorld(t)
	for k := 0; ; k++ {
		w.reset()
		c := &crashing{left: k}
		err := w.build(w.open(func(cfg *postgres.Config) { cfg.BeforeChange = c.before }))
		if c.crashed != errors.Is(err, errCrash) {
			t.Fatalf("crash at change %d: %v", k, err)
		}
		w.openMeansProtected(k)
		if !c.crashed {
			if k < 10 {
				t.Fatalf("only %d changes: too few to be the whole build", k)
			}
			return
		}
		if err := w.build(w.open()); err != nil {
			t.Fatalf("after a crash at change %d: %v", k, err)
		}
		w.connect(w.dsn(rows.LoginName(w.spec, "uid-acme", 0)))
	}
}

// openMeansProtected fails where rights, logins or registered applications stand before the tables are protected.
func (w *world) openMeansProtected(k int) {
	w.t.Helper()
	conn := w.connect(w.pg.SuperuserDSN(w.database))
	defer func() { _ = conn.Close(context.Background()) }()
	open := w.value(conn, `SELECT concat_ws(' ',
		(SELECT 'login' FROM pg_roles WHERE starts_with(rolname, $1) AND rolcanlogin LIMIT 1),
		(SELECT 'rights' FROM pg_roles WHERE starts_with(rolname, $1) AND has_any_column_privilege(oid, 'app.documents', 'SELECT') LIMIT 1))`,
		rows.Prefix(w.spec))
	protected := w.value(conn, `SELECT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid))::text
		FROM pg_class c WHERE c.oid = 'app.documents'::regclass`)
	if open != "" && protected != "true" {
		w.t.Errorf("after a crash at change %d there is %s, but the table is not protected", k, open)
	}
	if strings.Contains(open, "login") && !strings.Contains(open, "rights") {
		w.t.Errorf("after a crash at change %d there is a login before the rights were given", k)
	}
}

// TestTwoManagersAtOnce: for a moment there may be two leaders. Whatever fails is tried again, and it ends well.
func TestTwoManagersAtOnce(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		s := w.open()
		wg.Go(func() {
			for range 20 {
				if errs[i] = w.build(s); errs[i] == nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	s := w.open()
	w.settle(s)
	w.converge(s, w.withPassword(tenant("acme")))
}

// TestNobodyIsLetInBeforeThePlaneStands: a tenant's plan comes without its opening changes while the plane is not protected.
func TestNobodyIsLetInBeforeThePlaneStands(t *testing.T) {
	w := newWorld(t)
	s := w.open()
	w.settle(s)
	w.converge(s, tenant("acme"))
	w.super("ALTER TABLE app.documents DISABLE ROW LEVEL SECURITY")
	fresh := w.open()
	d, err := fresh.DiffTenant(context.Background(), w.withPassword(tenant("acme")), plane.Fresh)
	if err == nil || plane.CauseOf(err) != plane.ApplyFailed || !strings.Contains(err.Error(), "app.documents") {
		t.Errorf("want a fault that names the table, got %v", err)
	}
	for _, c := range d.Plan {
		if c.Phase == boundary.PhaseOpen {
			t.Errorf("opening change %s", fmt.Sprint(c.Op))
		}
	}
}
