package aibudget

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tenantry/tenantry/internal/boundary/budget"
)

// percentOf what budget.Amount writes: in whole percents, 0 of a limit of 0.
func percentOf(part, whole string) int64 {
	p, _ := strconv.ParseFloat(part, 64)
	w, _ := strconv.ParseFloat(whole, 64)
	if w == 0 {
		return 0
	}
	return int64(p * 100 / w)
}

// models in words.
func models(name string) string {
	if name == budget.AllModels {
		return "all models"
	}
	return "model " + name
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// spend of the limit in USD for all models together, else of the tightest one.
func spend(u *budget.Usage) string {
	var shown *budget.LimitUsage
	for i := range u.Limits {
		l := &u.Limits[i]
		if l.Unit == budget.USD && l.Model == budget.AllModels {
			shown = l
			break
		}
		if isLimit(*l) && (shown == nil || l.Percent() > shown.Percent()) {
			shown = l
		}
	}
	if shown == nil {
		return ""
	}
	return fmt.Sprintf("%s of %s %s", budget.Amount(shown.Unit, shown.Used), budget.Amount(shown.Unit, shown.Amount), shown.Unit)
}
