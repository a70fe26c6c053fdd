package aibudget

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary/budget"
)

var (
	start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	now   = start.Add(36 * time.Hour)
)

func limit(unit, model string, amount, used, reserved int64) budget.LimitUsage {
	return budget.LimitUsage{Limit: budget.Limit{Unit: unit, Model: model, Amount: amount}, Used: used, Reserved: reserved}
}

func usage(limits ...budget.LimitUsage) *budget.Usage {
	return &budget.Usage{UID: "b1", Start: start, End: start.AddDate(0, 1, 0), Limits: limits}
}

func TestPercents(t *testing.T) {
	for _, c := range []struct {
		part, whole string
		want        int64
	}{{"0.50", "2.00", 25}, {"1", "0", 0}, {"", "", 0}, {"999", "1000", 99}, {"1500", "1000", 150}} {
		if got := percentOf(c.part, c.whole); got != c.want {
			t.Errorf("%s of %s are %d percent, want %d", c.part, c.whole, got, c.want)
		}
	}
}

func TestSpend(t *testing.T) {
	for name, c := range map[string]struct {
		usage   *budget.Usage
		want    string
		percent int32
	}{
		"dollars first":         {usage(limit("Tokens", "*", 100, 90, 0), limit("USD", "*", 250_000_000, 12_340_000, 0)), "12.34 of 250.00 USD", 90},
		"else the tightest":     {usage(limit("Tokens", "*", 100, 10, 0), limit("Tokens", "big", 50, 20, 0)), "20 of 50 Tokens", 40},
		"a forbidden model":     {usage(limit("Tokens", "*", 100, 10, 0), limit("Tokens", "big", 0, 0, 0)), "10 of 100 Tokens", 10},
		"everything forbidden":  {usage(limit("Tokens", "*", 0, 0, 0)), "0 of 0 Tokens", 100},
		"dollars of one model":  {usage(limit("Tokens", "*", 100, 10, 0), limit("USD", "big", 1_000_000, 50_000, 0)), "10 of 100 Tokens", 10},
		"more than was allowed": {usage(limit("Tokens", "*", 100, 250, 0)), "250 of 100 Tokens", 250},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spend(c.usage); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := tightest(c.usage); got == nil || *got != c.percent {
				t.Errorf("%v percent, want %d", got, c.percent)
			}
		})
	}
}

// TestFiguresAreWritten only when they are news.
func TestFiguresAreWritten(t *testing.T) {
	for name, c := range map[string]struct {
		usage *budget.Usage
		turn  bool
		now   time.Time
		want  bool
	}{
		"as they stand":               {usage(limit("Tokens", "*", 1000, 100, 50)), true, now, false},
		"less than a percent":         {usage(limit("Tokens", "*", 1000, 109, 59)), true, now, false},
		"a percent":                   {usage(limit("Tokens", "*", 1000, 110, 50)), true, now, true},
		"a percent, not its turn":     {usage(limit("Tokens", "*", 1000, 110, 50)), false, now, false},
		"a percent of reservations":   {usage(limit("Tokens", "*", 1000, 100, 0)), true, now, true},
		"reservations, not its turn":  {usage(limit("Tokens", "*", 1000, 100, 0)), false, now, false},
		"a threshold":                 {usage(limit("Tokens", "*", 1000, 500, 50)), false, now, true},
		"used up":                     {usage(limit("Tokens", "*", 1000, 1000, 50)), false, now, true},
		"another limit":               {usage(limit("Tokens", "*", 2000, 100, 50)), false, now, true},
		"one more limit":              {usage(limit("Tokens", "*", 1000, 100, 50), limit("USD", "*", 1, 0, 0)), false, now, true},
		"another period":              {&budget.Usage{UID: "b1", Start: start.AddDate(0, 1, 0), End: start.AddDate(0, 2, 0), Limits: usage(limit("Tokens", "*", 1000, 100, 50)).Limits}, false, now, true},
		"a period that ended":         {usage(limit("Tokens", "*", 1000, 0, 0)), true, start.AddDate(0, 1, 0), false},
		"the row of another AIBudget": {&budget.Usage{UID: "b2", Start: start, End: start.AddDate(0, 1, 0)}, true, now, false},
		"no row":                      {nil, true, now, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScope(func(s *scope) {
				s.budget.Spec.AlertPercents = []int32{50}
				s.usage = usage(limit("Tokens", "*", 1000, 100, 50))
			})
			s.reportFigures(now, true)
			before := s.budget.DeepCopy()
			s.usage, s.moved = c.usage, false
			s.reportFigures(c.now, c.turn)
			if changed := cmp.Diff(before, s.budget) != ""; changed != c.want || s.moved != c.want {
				t.Errorf("written %v, noted %v, want %v:\n%s", changed, s.moved, c.want, cmp.Diff(before, s.budget))
			}
		})
	}
}

func TestThresholds(t *testing.T) {
	status := func(alerted ...int32) *tenantryv1.AIBudgetStatus {
		return &tenantryv1.AIBudgetStatus{
			Period: &tenantryv1.BudgetPeriodStatus{Start: &metav1.Time{Time: start}, End: &metav1.Time{Time: start.AddDate(0, 1, 0)}},
			Usage:  []tenantryv1.BudgetUsage{{Unit: "Tokens", Model: "*", Alerted: alerted}},
		}
	}
	lastMonth := status(80, 95)
	lastMonth.Period.Start = &metav1.Time{Time: start.AddDate(0, -1, 0)}
	for name, c := range map[string]struct {
		status   *tenantryv1.AIBudgetStatus
		percents []int32
		limit    budget.LimitUsage
		news     []int32
		alerted  []int32
	}{
		"none reached":             {status(), []int32{80, 95}, limit("Tokens", "*", 1000, 799, 201), nil, nil},
		"one":                      {status(), []int32{95, 80}, limit("Tokens", "*", 1000, 800, 0), []int32{80}, []int32{80}},
		"two at once":              {status(), []int32{95, 80}, limit("Tokens", "*", 1000, 950, 0), []int32{80, 95}, []int32{80, 95}},
		"the next":                 {status(80), []int32{80, 95}, limit("Tokens", "*", 1000, 950, 0), []int32{95}, []int32{80, 95}},
		"all announced":            {status(80, 95), []int32{80, 95}, limit("Tokens", "*", 1000, 990, 0), nil, []int32{80, 95}},
		"the limit was raised":     {status(80, 95), []int32{80, 95}, limit("Tokens", "*", 2000, 990, 0), nil, []int32{80, 95}},
		"a new one, passed before": {status(80), []int32{50, 80}, limit("Tokens", "*", 1000, 800, 0), []int32{50}, []int32{50, 80}},
		"one was taken out":        {status(50, 80), []int32{80}, limit("Tokens", "*", 1000, 800, 0), nil, []int32{80}},
		"another period":           {lastMonth, []int32{80, 95}, limit("Tokens", "*", 1000, 800, 0), []int32{80}, []int32{80}},
		"another limit":            {status(80), []int32{80}, limit("Tokens", "big", 1000, 800, 0), []int32{80}, []int32{80}},
		"a forbidden model":        {status(), []int32{80}, limit("Tokens", "big", 0, 0, 0), nil, nil},
		"beyond the limit":         {status(), []int32{150}, limit("Tokens", "*", 1000, 1500, 0), []int32{150}, []int32{150}},
		"never looked at":          {&tenantryv1.AIBudgetStatus{}, []int32{80}, limit("Tokens", "*", 1000, 800, 0), []int32{80}, []int32{80}},
	} {
		t.Run(name, func(t *testing.T) {
			list, alerts := usageOf(usage(c.limit), c.status, c.percents)
			var news []int32
			for _, a := range alerts {
				news = append(news, a.percent)
			}
			if diff := cmp.Diff(c.news, news); diff != "" {
				t.Errorf("announced (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.alerted, list[0].Alerted); diff != "" {
				t.Errorf("remembered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAlertsAreToldApart(t *testing.T) {
	of := tenantryv1.BudgetUsage{Unit: "USD", Model: "big", Limit: "10.00", Used: "8.50"}
	a := alert{of: of, percent: 80, ends: start}
	if got := a.note(); got != "80 percent of the limit of 10.00 USD for model big are used: 8.50; counting begins anew at 2026-11-01T00:00:00Z" {
		t.Error(got)
	}
	long := of
	for len(long.Model) < 128 {
		long.Model += "m"
	}
	seen := map[string]bool{}
	for _, a := range []alert{a, {of: of, percent: 95}, {of: tenantryv1.BudgetUsage{Unit: "Tokens", Model: "big"}, percent: 80}, {of: long, percent: 80}} {
		if len(a.action()) > maxAction || seen[a.action()] {
			t.Errorf("action %q is too long, or another alert's", a.action())
		}
		seen[a.action()] = true
	}
}

func TestForecast(t *testing.T) {
	at := func(d time.Duration) *tenantryv1.BudgetForecast {
		return &tenantryv1.BudgetForecast{ExhaustedAt: &metav1.Time{Time: now.Add(d)}}
	}
	within, usedUp, forbidden := limit("Tokens", "*", 1000, 100, 0), limit("Tokens", "*", 1000, 1000, 0), limit("Tokens", "big", 0, 0, 0)
	for name, c := range map[string]struct {
		limit  budget.LimitUsage
		in     time.Duration
		before *tenantryv1.BudgetForecast
		want   *tenantryv1.BudgetForecast
		moved  bool
	}{
		"not in this period":       {within, -1, nil, nil, false},
		"not any more":             {within, -1, at(time.Hour), nil, true},
		"in an hour":               {within, time.Hour - 10*time.Second, nil, at(time.Hour), true},
		"in seconds":               {within, 10 * time.Second, nil, at(time.Minute), true},
		"in whole minutes":         {within, time.Minute, nil, at(time.Minute), true},
		"a little later":           {within, 61 * time.Minute, at(time.Hour), at(61 * time.Minute), false},
		"much later":               {within, 80 * time.Minute, at(time.Hour), at(80 * time.Minute), true},
		"used up":                  {usedUp, 0, nil, at(0), true},
		"used up before":           {usedUp, 0, at(-time.Hour), at(-time.Hour), false},
		"used up, as was forecast": {usedUp, 0, at(2 * time.Hour), at(0), true},
		"a model is forbidden":     {forbidden, 0, nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			u := usage(c.limit)
			if c.in >= 0 {
				u.ExhaustedAt = now.Add(c.in)
			}
			s := newScope(func(s *scope) { s.usage = usage(c.limit); s.reportFigures(now, true) })
			s.budget.Status.Forecast = c.before
			got := forecastOf(u, &s.budget.Status, now)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if moved := forecastMoved(c.before, got, now); moved != c.moved {
				t.Errorf("worth writing: %v", moved)
			}
		})
	}
}

// TestAForecastThatPassed is dropped where it did not come true, also while nothing can be read.
func TestAForecastThatPassed(t *testing.T) {
	passed := &tenantryv1.BudgetForecast{ExhaustedAt: &metav1.Time{Time: now}}
	ahead := &tenantryv1.BudgetForecast{ExhaustedAt: &metav1.Time{Time: now.Add(time.Minute)}}
	for name, c := range map[string]struct {
		used int64
		edit func(*scope)
		want *tenantryv1.BudgetForecast
	}{
		"a limit is used up":              {1000, func(*scope) {}, passed},
		"room, and not its turn":          {100, func(*scope) {}, nil},
		"room, and nothing was read":      {100, func(s *scope) { s.err = errors.New("away") }, nil},
		"used up, and nothing read":       {1000, func(s *scope) { s.err = errors.New("away") }, passed},
		"still to come, and nothing read": {100, func(s *scope) { s.err, s.budget.Status.Forecast = errors.New("away"), ahead }, ahead},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScope(func(s *scope) { s.usage = usage(limit("Tokens", "*", 1000, c.used, 0)) })
			s.reportFigures(now, true)
			s.budget.Status.Forecast = passed.DeepCopy()
			s.usage.ExhaustedAt = now
			c.edit(s)
			s.reportFigures(now, false)
			if diff := cmp.Diff(c.want, s.budget.Status.Forecast); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
