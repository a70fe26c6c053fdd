package aibudget

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// alert is a threshold that a limit has reached for the first time in its period.
type alert struct {
	of      tenantryv1.BudgetUsage
	percent int32
	ends    time.Time
}

// reached returns the thresholds that were announced together with those that are to be, and the latter. What is no threshold
// any more is forgotten.
func reached(u tenantryv1.BudgetUsage, percents []int32, ends time.Time) (announced []int32, news []alert) {
	for _, p := range slices.Sorted(slices.Values(percents)) {
		switch {
		case slices.Contains(u.Alerted, p):
			announced = append(announced, p)
		case u.Percent >= p:
			announced = append(announced, p)
			news = append(news, alert{of: u, percent: p, ends: ends})
		}
	}
	return announced, news
}

// announce records in status what is announced, and then announces it: a crash in between loses an Event and repeats none. The
// record is written only over what was read, so that of two managers, or after a read of an old object, one announces. It
// returns the object as it stands then.
func (r *Reconciler) announce(ctx context.Context, s *scope, before *tenantryv1.AIBudget) (*tenantryv1.AIBudget, error) {
	recorded := before.DeepCopy()
	recorded.Status.Period, recorded.Status.Usage = s.budget.Status.Period, s.budget.Status.Usage
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, recorded, patch); err != nil {
		return nil, fmt.Errorf("record alerts: %w", err)
	}
	for _, a := range s.alerts {
		r.Recorder.Eventf(recorded, nil, corev1.EventTypeWarning, tenantryv1.ReasonThresholdReached, a.action(), "%s", a.note())
		r.Metrics.BudgetAlert(int(a.percent))
	}
	s.budget.ObjectMeta = recorded.ObjectMeta
	return recorded, nil
}

func (a alert) note() string {
	return fmt.Sprintf("%d percent of the limit of %s %s for %s are used: %s; counting begins anew at %s",
		a.percent, a.of.Limit, a.of.Unit, models(a.of.Model), a.of.Used, moment(a.ends))
}

const maxAction = 128

// action tells alerts apart: Events that are equal but for their note become one.
func (a alert) action() string {
	action := fmt.Sprintf("Reach%dPercentOf%s:%s", a.percent, a.of.Unit, a.of.Model)
	return action[:min(len(action), maxAction)]
}
