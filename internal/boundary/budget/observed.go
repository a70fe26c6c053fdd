package budget

import "time"

// Snapshot is what the ledger's tables held at one moment.
type Snapshot struct {
	Plane PlaneState
	// Tenants by tenantID: every row of tenant_budgets.
	Tenants map[string]TenantState
}

// PlaneState is the part that all tenants share.
type PlaneState struct {
	// Now is the server's clock.
	Now time.Time `json:"now"`
	// Operator is the role that the tables belong to and that their functions run as.
	Operator string `json:"operator"`
	// Settings, nil where the row is gone.
	Settings *Settings `json:"settings"`
	// Prices in effect, and Withdrawn models, which had one.
	Prices    []Price  `json:"prices"`
	Withdrawn []string `json:"withdrawn"`
	Routes    []Route  `json:"routes"`
	// Tables that hold tenants' figures: the parents and every partition.
	Tables []Table `json:"tables"`
	// Stray are the months, as their first moments, of rows in the default partition.
	Stray []time.Time `json:"stray"`
	// Gone are tenants whose claims are tombstones, and whose rows nothing holds any more.
	Gone []string `json:"gone"`
}

// Settings is the row of budget_settings.
type Settings struct {
	ReservationSeconds int    `json:"reservationSeconds"`
	OnExpiry           string `json:"onExpiry"`
	WithoutBudget      string `json:"withoutBudget"`
}

// Table is one that row-level security protects.
type Table struct {
	Name     string   `json:"name"`
	RLS      bool     `json:"rls"`
	Force    bool     `json:"force"`
	Policies []Policy `json:"policies"`
	// From and To are the bounds of a partition of the ledger, nil for other tables and for the default partition.
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
	// Partition of the ledger. Indexed: it has the indexes that its functions need.
	Partition bool `json:"partition"`
	Indexed   bool `json:"indexed"`
}

// Policy is a row-level security policy: command, sort, roles, condition and check in one line.
type Policy struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
}

// TenantState is a row of tenant_budgets.
type TenantState struct {
	TenantID       string `json:"tenantID"`
	UID            string `json:"uid"`
	Tier           string `json:"tier"`
	Period         string `json:"period"`
	TimeZone       string `json:"timeZone"`
	Enforcement    string `json:"enforcement"`
	DegradePercent int    `json:"degradePercent"`

	Units    []string `json:"units"`
	Models   []string `json:"models"`
	Amounts  []int64  `json:"amounts"`
	Used     []int64  `json:"used"`
	Reserved []int64  `json:"reserved"`

	PeriodStart time.Time `json:"periodStart"`
	PeriodEnd   time.Time `json:"periodEnd"`
	// Calendar: the bounds are those of a period of that kind in that zone.
	Calendar bool `json:"calendar"`
	// Open reservations. None expires before NextExpiry, nil without any.
	Open       int64      `json:"open"`
	NextExpiry *time.Time `json:"nextExpiry"`
	// Now is the ledger's clock.
	Now time.Time `json:"now"`
	// Marks of use in the last hour or so, oldest first.
	Marks []Mark `json:"marks"`
}

// Mark is what was used at a moment, in the order of the limits.
type Mark struct {
	At   time.Time `json:"at"`
	Used []int64   `json:"used"`
}

// whole says that every array has an element for each limit.
func (s TenantState) whole() bool {
	n := len(s.Units)
	return len(s.Models) == n && len(s.Amounts) == n && len(s.Used) == n && len(s.Reserved) == n
}

// Counters are a tenant's counters beside what the ledger says of the same period, from one snapshot.
type Counters struct {
	TenantState

	// Ledger by model.
	Ledger []Sum `json:"ledger"`
	// LedgerOpen is how many reservations are open.
	LedgerOpen int64 `json:"ledgerOpen"`
}

// Sum of the ledger's rows of one model in a period.
type Sum struct {
	Model          string `json:"model"`
	Tokens         int64  `json:"tokens"`
	Micros         int64  `json:"micros"`
	ReservedTokens int64  `json:"reservedTokens"`
	ReservedMicros int64  `json:"reservedMicros"`
}
