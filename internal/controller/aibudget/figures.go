package aibudget

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary/budget"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/metrics"
)

// reportFigures writes where the tenant stands, where that is news: at once for another period or limit, a limit that is used
// up or has room again, and a threshold; in whole percents, and when it is its turn, for everything else.
func (s *scope) reportFigures(now time.Time, turn bool) {
	dropPassed(&s.budget.Status, now)
	if s.err != nil || !s.stands() || !s.running(now) {
		return
	}
	b := s.budget
	usage, alerts := usageOf(s.usage, &b.Status, b.Spec.AlertPercents)
	at := forecastOf(s.usage, &b.Status, now)
	urgent := len(alerts) > 0 || !samePeriod(s.usage, &b.Status) || otherLimits(b.Status.Usage, usage)
	if !urgent && (!turn || !moved(b.Status.Usage, usage) && !forecastMoved(b.Status.Forecast, at, now)) {
		return
	}
	s.moved, s.alerts = true, alerts
	start, end := metav1.NewTime(s.usage.Start.UTC()), metav1.NewTime(s.usage.End.UTC())
	b.Status.Period = &tenantryv1.BudgetPeriodStatus{Start: &start, End: &end}
	b.Status.Usage, b.Status.Forecast = usage, at
	b.Status.Percent, b.Status.Spend = tightest(s.usage), spend(s.usage)
}

func samePeriod(u *budget.Usage, status *tenantryv1.AIBudgetStatus) bool {
	p := status.Period
	return p != nil && p.Start != nil && p.End != nil && p.Start.Time.Equal(u.Start) && p.End.Time.Equal(u.End)
}

// usageOf is the usage as status has it, and what of it is to be announced. What was announced in the same period is kept.
func usageOf(u *budget.Usage, status *tenantryv1.AIBudgetStatus, percents []int32) ([]tenantryv1.BudgetUsage, []alert) {
	var out []tenantryv1.BudgetUsage
	var alerts []alert
	for _, l := range u.Limits {
		n := tenantryv1.BudgetUsage{
			Unit: tenantryv1.BudgetUnit(l.Unit), Model: l.Model, Percent: int32(l.Percent()),
			Used: budget.Amount(l.Unit, l.Used), Reserved: budget.Amount(l.Unit, l.Reserved), Limit: budget.Amount(l.Unit, l.Amount),
		}
		if old := find(status.Usage, n); old != nil && status.Period != nil && status.Period.Start.Equal(&metav1.Time{Time: u.Start}) {
			n.Alerted = old.Alerted
		}
		if isLimit(l) {
			var news []alert
			n.Alerted, news = reached(n, percents, u.End)
			alerts = append(alerts, news...)
		}
		out = append(out, n)
	}
	return out, alerts
}

func find(list []tenantryv1.BudgetUsage, like tenantryv1.BudgetUsage) *tenantryv1.BudgetUsage {
	i := slices.IndexFunc(list, func(o tenantryv1.BudgetUsage) bool { return o.Unit == like.Unit && o.Model == like.Model })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// isLimit: no amount at all for one model forbids that model, which is nothing that could be used up.
func isLimit(l budget.LimitUsage) bool { return l.Amount > 0 || l.Model == budget.AllModels }

// tightest is the highest percentage, nil without any limit.
func tightest(u *budget.Usage) *int32 {
	var out *int32
	for _, l := range u.Limits {
		if p := int32(l.Percent()); isLimit(l) && (out == nil || p > *out) {
			out = &p
		}
	}
	return out
}

// usedUp lists the limits that have no room, in words.
func usedUp(u *budget.Usage) []string {
	var out []string
	for _, l := range u.Limits {
		if isLimit(l) && l.Used >= l.Amount {
			out = append(out, budget.Amount(l.Unit, l.Amount)+" "+l.Unit+" for "+models(l.Model))
		}
	}
	return out
}

// otherLimits says that limits came, went or changed, or that one of them was used up or has room again.
func otherLimits(before, after []tenantryv1.BudgetUsage) bool {
	return !slices.EqualFunc(before, after, func(a, b tenantryv1.BudgetUsage) bool {
		return a.Unit == b.Unit && a.Model == b.Model && a.Limit == b.Limit && a.Percent >= full == (b.Percent >= full)
	})
}

const full = 100

// moved says that use or reservations are others in whole percents.
func moved(before, after []tenantryv1.BudgetUsage) bool {
	return !slices.EqualFunc(before, after, func(a, b tenantryv1.BudgetUsage) bool {
		return a.Percent == b.Percent && percentOf(a.Reserved, a.Limit) == percentOf(b.Reserved, b.Limit)
	})
}

// dropPassed takes a forecast away that did not come true: one that has passed says that a limit was used up.
func dropPassed(status *tenantryv1.AIBudgetStatus, now time.Time) {
	f, p := status.Forecast, status.Percent
	usedUp := p != nil && *p >= full
	if f != nil && f.ExhaustedAt != nil && !f.ExhaustedAt.After(now) && !usedUp {
		status.Forecast = nil
	}
}

// forecastOf is when the first limit will be used up, in whole minutes, rounded up so that it lies ahead. Once one is, it is
// when that was noticed.
func forecastOf(u *budget.Usage, status *tenantryv1.AIBudgetStatus, now time.Time) *tenantryv1.BudgetForecast {
	old := status.Forecast
	switch at := u.ExhaustedAt; {
	case at.IsZero():
		return nil
	case len(usedUp(u)) > 0:
		if old != nil && old.ExhaustedAt != nil && samePeriod(u, status) && !old.ExhaustedAt.After(now) {
			return old
		}
		at := metav1.NewTime(now.UTC().Truncate(time.Second))
		return &tenantryv1.BudgetForecast{ExhaustedAt: &at}
	case !at.After(now): // a model that is forbidden has nothing left either
		return nil
	default:
		at := metav1.NewTime(at.UTC().Add(time.Minute - 1).Truncate(time.Minute))
		return &tenantryv1.BudgetForecast{ExhaustedAt: &at}
	}
}

// forecastMoved says that a forecast came or went, or moved by more than a quarter of the time that it leaves.
func forecastMoved(before, after *tenantryv1.BudgetForecast, now time.Time) bool {
	if before == nil || after == nil || before.ExhaustedAt == nil {
		return before != after
	}
	by := before.ExhaustedAt.Sub(after.ExhaustedAt.Time).Abs()
	return by > max(before.ExhaustedAt.Sub(now)/4, time.Minute)
}

// figures for metrics.
func (s *scope) figures() *metrics.BudgetState {
	out := &metrics.BudgetState{State: metrics.BudgetUnknown, Percent: -1}
	enforced, within := condition.Get(s.budget, tenantryv1.ConditionEnforced), condition.Get(s.budget, tenantryv1.ConditionWithinBudget)
	if enforced == nil || within == nil {
		return out
	}
	switch {
	case enforced.Status == metav1.ConditionFalse:
		out.State = metrics.BudgetNotEnforced
	case enforced.Status == metav1.ConditionTrue && within.Status == metav1.ConditionTrue:
		out.State = metrics.BudgetWithin
	case enforced.Status == metav1.ConditionTrue && within.Status == metav1.ConditionFalse:
		out.State = metrics.BudgetLimitReached
	}
	if p := s.budget.Status.Percent; p != nil {
		out.Percent = int(*p)
	}
	return out
}
