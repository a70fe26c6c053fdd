package probe

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

func attempt(words string, r trial.Result) trial.Attempt {
	return trial.Attempt{Layer: boundary.Rows, Words: words, Result: r, Severity: boundary.Critical}
}

// Whatever was read before an attempt may have been overtaken by the time it is made.
func TestACrossingCountsOnlyTwiceInARow(t *testing.T) {
	for name, c := range map[string]struct{ first, second, want trial.Result }{
		"twice":            {trial.Failed, trial.Failed, trial.Failed},
		"only before":      {trial.Failed, trial.Passed, trial.Void},
		"only then":        {trial.Passed, trial.Failed, trial.Void},
		"void before":      {trial.Void, trial.Failed, trial.Void},
		"not tried before": {"", trial.Failed, trial.Void},
	} {
		t.Run(name, func(t *testing.T) {
			round := func(r trial.Result) map[boundary.Layer][]trial.Attempt {
				if r == "" {
					return nil
				}
				return map[boundary.Layer][]trial.Attempt{boundary.Rows: {attempt("reads", r)}}
			}
			got := confirmed(round(c.first), round(c.second))
			if r := got[boundary.Rows][0].Result; r != c.want {
				t.Errorf("%s, want %s", r, c.want)
			}
		})
	}
}

// scripted is a server whose probes answer as they are told.
type scripted struct {
	plane.Server

	answer []trial.Attempt
	err    error
	asked  int
}

func (s *scripted) Probe(context.Context, trial.Subject) ([]trial.Attempt, error) {
	s.asked++
	return s.answer, s.err
}

func TestALayerThatCannotBeUsedProvesNothing(t *testing.T) {
	down := plane.Faultf(plane.Unreachable, nil, "away")
	issued := boundary.Tenant{Access: boundary.Open, Credentials: map[boundary.Layer]boundary.Credential{boundary.Rows: {Secret: "s"}}}
	for name, c := range map[string]struct {
		tenant  boundary.Tenant
		fault   error
		partial bool
		probe   error
		want    []trial.Result
		asked   int
	}{
		"fine":                   {tenant: issued, want: []trial.Result{trial.Passed}, asked: 1},
		"down":                   {tenant: issued, fault: down, want: []trial.Result{trial.Void}},
		"down in part":           {tenant: issued, fault: down, partial: true, want: []trial.Result{trial.Passed}, asked: 1},
		"down while it is asked": {tenant: issued, probe: down, want: []trial.Result{trial.Void}, asked: 1},
		"unknown error":          {tenant: issued, probe: errors.New("secret text"), want: []trial.Result{trial.Void}, asked: 1},
		"nothing issued":         {tenant: boundary.Tenant{Access: boundary.Open}},
		"suspended":              {tenant: boundary.Tenant{Access: boundary.Suspended}, want: []trial.Result{trial.Passed}, asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{answer: []trial.Attempt{attempt("reads", trial.Passed)}, err: c.probe}
			l := &connect.Layer{Name: boundary.Rows, Server: plane.Metered(s, nil)}
			l.SetHealth(c.fault, c.partial, time.Now())
			var got []trial.Result
			for _, a := range attempts(context.Background(), l, trial.Subject{Tenant: c.tenant}) {
				got = append(got, a.Result)
				if a.Answer == "secret text" {
					t.Error("an error's own words are shown")
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || s.asked != c.asked {
				t.Errorf("asked %d times\n%s", s.asked, diff)
			}
		})
	}
	if got := attempts(context.Background(), &connect.Layer{Name: boundary.Rows}, trial.Subject{Tenant: issued}); got != nil {
		t.Error("a layer without a server is tried")
	}
}

func TestWhoIsRipe(t *testing.T) {
	verified := tenantryv1.TenantStatus{TenantID: "acme", AppliedHash: "h"}
	ready := func(reason string, generation int64) tenantryv1.TenantStatus {
		return tenantryv1.TenantStatus{TenantID: "acme", AppliedHash: "h", Conditions: []metav1.Condition{
			{Type: tenantryv1.ConditionReady, Status: metav1.ConditionTrue, Reason: reason, ObservedGeneration: generation},
		}}
	}
	crossed := ready(tenantryv1.ReasonHazard, 2)
	crossed.Probe = &tenantryv1.ProbeStatus{Failed: 1}
	for name, c := range map[string]struct {
		access tenantryv1.TenantAccess
		status tenantryv1.TenantStatus
		gone   bool
		want   bool
	}{
		"verified":                             {status: verified, want: true},
		"new":                                  {},
		"on its way out":                       {status: verified, gone: true},
		"suspended and closed":                 {access: tenantryv1.AccessSuspended, status: ready(tenantryv1.ReasonSuspended, 2), want: true},
		"suspended just now":                   {access: tenantryv1.AccessSuspended, status: ready(tenantryv1.ReasonReady, 1)},
		"suspended, closed for an older spec":  {access: tenantryv1.AccessSuspended, status: ready(tenantryv1.ReasonSuspended, 1)},
		"suspended and seen open by a probe":   {access: tenantryv1.AccessSuspended, status: crossed, want: true},
		"the id is not claimed in this spec's": {status: tenantryv1.TenantStatus{TenantID: "other", AppliedHash: "h"}},
	} {
		t.Run(name, func(t *testing.T) {
			tn := &tenantryv1.Tenant{Status: c.status}
			tn.Name, tn.Generation, tn.Spec.Access = "acme", 2, c.access
			if c.gone {
				now := metav1.Now()
				tn.DeletionTimestamp = &now
			}
			if got := ripe(tn); got != c.want {
				t.Errorf("ripe is %v", got)
			}
		})
	}
}

func TestTheBook(t *testing.T) {
	b, now := NewBook(), time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	const uid = types.UID("u")
	round := func(r trial.Result) map[boundary.Layer][]trial.Attempt {
		return map[boundary.Layer][]trial.Attempt{boundary.Rows: {attempt("reads", r)}}
	}
	if _, changed := b.record("eu-1", uid, round(trial.Passed), now); !changed {
		t.Error("the first outcome is no news")
	}
	if _, changed := b.record("eu-1", uid, round(trial.Passed), now.Add(time.Minute)); changed {
		t.Error("the same outcome is news")
	}
	if o, changed := b.record("eu-1", uid, round(trial.Failed), now); !changed || !o.Crossed() {
		t.Error("a crossing is no news")
	}
	if _, changed := b.recordCanary("eu-1", 1, round(trial.Failed), now.Add(time.Hour)); !changed {
		t.Error("a canary's crossing is no news")
	}
	if f := b.PlaneFindings("eu-1", boundary.Rows); len(f) != 1 || f[0].Severity != boundary.Critical || f[0].Tenant != "" {
		t.Errorf("findings of the plane: %v", f)
	}
	if f := b.PlaneFindings("eu-1", boundary.Cache); f != nil || b.LastProbe("eu-1") != now.Add(time.Hour) {
		t.Errorf("findings %v, last probe %v", f, b.LastProbe("eu-1"))
	}
	b.forget(uid)
	b.forgetPlane("eu-1")
	if _, known := b.Outcome(uid); known || !b.LastProbe("eu-1").IsZero() {
		t.Error("what is gone is remembered")
	}
}
