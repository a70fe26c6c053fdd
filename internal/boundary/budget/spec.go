// Package budget is the pure part of the Budget layer: what a tenant may spend on models, and the ledger that says what it
// did spend.
//
// The ledger stands in PostgreSQL, in the schema of the Rows layer, whose functions (reserve, settle, …) rows.DiffPlane keeps
// in place. This package compares the rows that they work on: DiffPlane the settings, prices, routes and partitions of a
// plane, DiffTenant the limits of one tenant, DiffCounters the counters of running periods with the ledger. Its changes are
// rows.Exec of the layer Budget, and are applied as those of rows are.
//
// Money is whole micro-dollars, prices are micro-dollars for a million tokens, and one request's cost is rounded up once.
package budget

import (
	"cmp"
	"fmt"
	"slices"
)

// Units of limits.
const (
	Tokens = "Tokens"
	USD    = "USD"
)

// AllModels in Limit.Model stands for all models together.
const AllModels = "*"

// Values of Spec.
const (
	Charge = "Charge"
	Free   = "Free"
	Refuse = "Refuse"
	Allow  = "Allow"
)

// Values of Budget.
const (
	Block = "Block"
	Warn  = "Warn"

	Day   = "Day"
	Week  = "Week"
	Month = "Month"
)

// Defaults of Spec and Budget.
const (
	DefaultReservationSeconds = 900
	DefaultRetentionMonths    = 13
	DefaultTier               = "Standard"
	DefaultTimeZone           = "UTC"
)

// monthsAhead are the partitions that stand ready beside the running month's.
const monthsAhead = 3

// Spec is what a DataPlane says about budgets. The zero value has the defaults, and no models.
type Spec struct {
	// ReservationSeconds that a reservation holds. 0 is DefaultReservationSeconds.
	ReservationSeconds int
	// OnExpiry is Charge or Free. "" is Charge.
	OnExpiry string
	// WithoutBudget is Refuse or Allow. "" is Refuse.
	WithoutBudget string
	// RetentionMonths of the ledger beside the running one. 0 is DefaultRetentionMonths.
	RetentionMonths int
	Models          []Price
	Routes          []Route
}

// Price of one model, in micro-dollars for a million tokens.
type Price struct {
	Model  string `json:"model"`
	Input  int64  `json:"input"`
	Output int64  `json:"output"`
}

// Route is the model that serves a tier and complexity.
type Route struct {
	Tier       string `json:"tier"`
	Complexity string `json:"complexity"`
	Model      string `json:"model"`
}

// settings with the defaults filled in.
func (s Spec) settings() Settings {
	return Settings{
		ReservationSeconds: cmp.Or(s.ReservationSeconds, DefaultReservationSeconds),
		OnExpiry:           cmp.Or(s.OnExpiry, Charge), WithoutBudget: cmp.Or(s.WithoutBudget, Refuse),
	}
}

func (s Spec) retention() int { return cmp.Or(s.RetentionMonths, DefaultRetentionMonths) }

// Budget is the desired state of one tenant's budget.
type Budget struct {
	TenantID string
	// UID of the AIBudget. A row that carries another one is taken over: which of two AIBudgets counts is decided before.
	UID string
	// Tier for the routing of the plane. "" is DefaultTier.
	Tier string
	// Period is Day, Week or Month.
	Period string
	// TimeZone that periods begin in, as PostgreSQL knows it. "" is DefaultTimeZone.
	TimeZone string
	// Enforcement is Block or Warn. "" is Block.
	Enforcement string
	// DegradePercent from which on requests go to a cheaper model, 0 for never.
	DegradePercent int
	// Limits in any order; one for each unit and model.
	Limits []Limit
}

// Limit for a period: tokens, or micro-dollars.
type Limit struct {
	Unit   string
	Model  string
	Amount int64
}

// Validate says what in the budget cannot be carried out, nil where everything can.
func (b Budget) Validate() error {
	switch {
	case b.TenantID == "" || b.UID == "":
		return fmt.Errorf("the budget of tenant %q has no tenant or no UID", b.TenantID)
	case !slices.Contains([]string{Day, Week, Month}, b.Period):
		return fmt.Errorf("period %q is unknown: use Day, Week or Month", b.Period)
	case !slices.Contains([]string{"", Block, Warn}, b.Enforcement):
		return fmt.Errorf("enforcement %q is unknown: use Block or Warn", b.Enforcement)
	case b.DegradePercent < 0 || b.DegradePercent > 100:
		return fmt.Errorf("degradeAtPercent is %d: use 1 to 100, or leave it out", b.DegradePercent)
	}
	seen := map[Limit]bool{}
	for _, l := range b.Limits {
		if l.Unit != Tokens && l.Unit != USD || l.Model == "" || l.Amount < 0 {
			return fmt.Errorf("limit of %d %s for model %q cannot be: use Tokens or USD, a model or \"*\", and an amount of 0 or more", l.Amount, l.Unit, l.Model)
		}
		key := Limit{Unit: l.Unit, Model: l.Model}
		if seen[key] {
			return fmt.Errorf("there are two limits in %s for model %q", l.Unit, l.Model)
		}
		seen[key] = true
	}
	return nil
}

// normal fills in the defaults and puts the limits in their order in the row.
func (b Budget) normal() Budget {
	b.Tier, b.TimeZone, b.Enforcement = cmp.Or(b.Tier, DefaultTier), cmp.Or(b.TimeZone, DefaultTimeZone), cmp.Or(b.Enforcement, Block)
	b.Limits = slices.SortedFunc(slices.Values(b.Limits), func(x, y Limit) int {
		return cmp.Or(cmp.Compare(x.Unit, y.Unit), cmp.Compare(x.Model, y.Model))
	})
	return b
}

// arrays are the limits as the row has them.
func (b Budget) arrays() (units, models []string, amounts []int64) {
	units, models, amounts = []string{}, []string{}, []int64{} // not NULL
	for _, l := range b.Limits {
		units, models, amounts = append(units, l.Unit), append(models, l.Model), append(amounts, l.Amount)
	}
	return units, models, amounts
}
