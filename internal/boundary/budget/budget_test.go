package budget

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (go test -update writes it): %s", path, diff)
	}
}

func show(d boundary.Diff) string {
	var b strings.Builder
	for _, c := range d.Plan {
		b.WriteString(strings.Join([]string{c.Tenant, c.Object, string(c.Kind), string(c.Severity)}, " | ") + "\n  " + c.Summary + "\n    " +
			strings.ReplaceAll(c.Op.String(), "\n", "\n    ") + "\n")
	}
	for _, f := range d.Hazards {
		b.WriteString("finding | " + f.Check + " | " + f.Object + "\n  " + f.Message + "\n")
	}
	return b.String()
}

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func bounds(from, to string) (a, b *time.Time) {
	x, y := day(from), day(to)
	return &x, &y
}

// drifted is a plane on which everything is to be mended.
func drifted() PlaneState {
	from, to := bounds("2026-11-01", "2026-12-01")
	oldFrom, oldTo := bounds("2026-06-01", "2026-07-01")
	own := []Policy{{Name: "operator", Definition: "* permissive op true"}}
	return PlaneState{
		Now: day("2026-11-25").Add(time.Hour), Operator: "op",
		Settings: &Settings{ReservationSeconds: 1, OnExpiry: Free, WithoutBudget: Allow},
		Prices:   []Price{{Model: "a", Input: 1, Output: 1}, {Model: "gone"}},
		Routes:   []Route{{Tier: "Premium", Complexity: "Simple", Model: "b"}, {Tier: "Standard", Complexity: "Simple", Model: "a"}},
		Tables: []Table{
			{Name: "ai_usage_logs", RLS: true, Force: true, Policies: append([]Policy{{Name: "wide", Definition: "* permissive public true"}}, own...)},
			{Name: "ai_usage_logs_2026_11", Partition: true, Indexed: true, RLS: true, Force: true, Policies: own, From: from, To: to},
			{Name: "ai_usage_logs_2026_06", Partition: true, RLS: true, Force: true, Policies: own, From: oldFrom, To: oldTo},
			{Name: "ai_usage_logs_default", Partition: true, Indexed: true, RLS: true},
		},
		Stray: []time.Time{day("2026-01-01"), day("2026-10-01"), day("2027-09-01")},
		Gone:  []string{"left"},
	}
}

func TestPlanOfADriftedPlane(t *testing.T) {
	spec := Spec{RetentionMonths: 4, Models: []Price{{Model: "a", Input: 2, Output: 1}, {Model: "b", Input: 3, Output: 4}},
		Routes: []Route{{Tier: "Premium", Complexity: "Simple", Model: "a"}}}
	golden(t, "plane", show(DiffPlane(spec, drifted())))
}

func wanted() Budget {
	return Budget{TenantID: "acme", UID: "u1", Period: Month, Limits: []Limit{{Unit: USD, Model: "*", Amount: 5}, {Unit: Tokens, Model: "a", Amount: 7}}}
}

func standing() *TenantState {
	return &TenantState{
		TenantID: "acme", UID: "u1", Tier: "Standard", Period: Month, TimeZone: "UTC", Enforcement: Block, Calendar: true,
		Units: []string{Tokens, USD}, Models: []string{"a", "*"}, Amounts: []int64{7, 5}, Used: []int64{1, 2}, Reserved: []int64{3, 0},
	}
}

func TestTenant(t *testing.T) {
	for name, change := range map[string]func(*TenantState) *TenantState{
		"missing": func(*TenantState) *TenantState { return nil },
		"limit":   func(s *TenantState) *TenantState { s.Amounts[0] = 70; return s },
		"limits":  func(s *TenantState) *TenantState { s.Models[0] = "b"; return s },
		"broken":  func(s *TenantState) *TenantState { s.Used = nil; return s },
		"another": func(s *TenantState) *TenantState {
			s.UID, s.Tier, s.Enforcement, s.DegradePercent = "u0", "Premium", Warn, 9
			return s
		},
		"period":      func(s *TenantState) *TenantState { s.Period = Day; return s },
		"no calendar": func(s *TenantState) *TenantState { s.Calendar = false; return s },
	} {
		t.Run(name, func(t *testing.T) {
			diff, err := DiffTenant(wanted(), change(standing()))
			if err != nil || diff.Settled() {
				t.Fatal(err, "nothing to do")
			}
			golden(t, "tenant_"+strings.ReplaceAll(name, " ", "_"), show(diff))
		})
	}
	if diff, err := DiffTenant(wanted(), standing()); err != nil || !diff.Settled() || diff.Objects != 1 {
		t.Error(err, show(diff))
	}
}

func TestWhatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*Budget){
		"no tenant": func(b *Budget) { b.TenantID = "" }, "no UID": func(b *Budget) { b.UID = "" }, "period": func(b *Budget) { b.Period = "Year" },
		"enforcement": func(b *Budget) { b.Enforcement = "Maybe" }, "percent": func(b *Budget) { b.DegradePercent = 101 },
		"unit": func(b *Budget) { b.Limits[0].Unit = "EUR" }, "negative": func(b *Budget) { b.Limits[0].Amount = -1 },
		"twice": func(b *Budget) { b.Limits = append(b.Limits, b.Limits[0]) },
	} {
		b := wanted()
		change(&b)
		if _, err := DiffTenant(b, nil); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		unit string
		n    int64
		want string
	}{
		{Tokens, 0, "0"}, {Tokens, 5_000_000, "5000000"}, {Tokens, -3, "-3"},
		{USD, 0, "0.00"}, {USD, 1, "0.000001"}, {USD, 500_000, "0.50"}, {USD, 12_345_000, "12.345"}, {USD, 250_000_000, "250.00"},
		{USD, -500_000, "-0.50"}, {USD, -1_500_001, "-1.500001"}, {USD, math.MinInt64, "-9223372036854.775808"},
	} {
		if got := Amount(c.unit, c.n); got != c.want {
			t.Errorf("%d %s is written %q, want %q", c.n, c.unit, got, c.want)
		}
	}
}

func TestCounters(t *testing.T) {
	sums := []Sum{{Model: "a", Tokens: 1, Micros: 2, ReservedTokens: 3}, {Model: "b", Tokens: 9}}
	for name, c := range map[string]struct {
		change func(*Counters)
		want   string
	}{
		"agree":    {func(*Counters) {}, ""},
		"used":     {func(c *Counters) { c.Used[0] = 0 }, "Tokens used of model a are 0, and the ledger has 1; count anew"},
		"reserved": {func(c *Counters) { c.Reserved[1] = 4 }, "USD reserved of model * are 0.000004, and the ledger has 0.00; count anew"},
		"dollars":  {func(c *Counters) { c.Used[1] = 1440 }, "USD used of model * are 0.00144, and the ledger has 0.000002; count anew"},
		"open":     {func(c *Counters) { c.Open = 1 }, "open reservations are 1, and the ledger has 0; count anew"},
		"broken":   {func(c *Counters) { c.Reserved = nil }, "they are not as many as its limits; count anew"},
	} {
		t.Run(name, func(t *testing.T) {
			k := Counters{TenantState: *standing(), Ledger: sums}
			c.change(&k)
			got := ""
			for _, step := range DiffCounters([]Counters{k}).Plan {
				got += step.Summary
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestForecast(t *testing.T) {
	start := day("2026-11-01")
	at := func(hours float64) time.Time { return start.Add(time.Duration(hours * float64(time.Hour))) }
	for name, c := range map[string]struct {
		now   time.Time
		used  int64
		marks []Mark
		want  time.Time
	}{
		"young period":        {at(0.5), 100, nil, at(4.5)},
		"steady":              {at(10), 500, []Mark{{at(8.9), []int64{400}}, {at(9.5), []int64{450}}}, at(14)},
		"nothing new":         {at(10), 500, []Mark{{at(2), []int64{500}}}, time.Time{}},
		"not in this period":  {at(700), 500, []Mark{{at(698.9), []int64{499}}}, time.Time{}},
		"full":                {at(10), 900, nil, at(10)},
		"marks of old limits": {at(10), 500, []Mark{{at(8.9), []int64{400, 1}}}, at(18)},
	} {
		t.Run(name, func(t *testing.T) {
			s := TenantState{
				UID: "u", Units: []string{Tokens}, Models: []string{"*"}, Amounts: []int64{900}, Used: []int64{c.used}, Reserved: []int64{0},
				PeriodStart: start, PeriodEnd: day("2026-12-01"), Now: c.now, Marks: c.marks,
			}
			u, ok := UsageOf(s)
			if !ok || !u.ExhaustedAt.Equal(c.want) {
				t.Errorf("%v, want %v", u.ExhaustedAt, c.want)
			}
			s.Now = s.PeriodEnd
			if u, ok := UsageOf(s); !ok || u.Limits[0].Used != 0 || !u.ExhaustedAt.IsZero() {
				t.Errorf("after the period: %+v", u)
			}
		})
	}
	for want, l := range map[int]LimitUsage{0: {Limit: Limit{Amount: 1000}, Used: 9}, 99: {Limit: Limit{Amount: 1000}, Used: 999}, 100: {}, 250: {Limit: Limit{Amount: 2}, Used: 5}} {
		if got := l.Percent(); got != want {
			t.Errorf("%+v: %d percent, want %d", l, got, want)
		}
	}
}

func TestDue(t *testing.T) {
	start := day("2026-11-01")
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	ptr := func(t time.Time) *time.Time { return &t }
	for name, c := range map[string]struct {
		change func(*TenantState)
		want   bool
	}{
		"nothing":                      {func(*TenantState) {}, false},
		"reservation":                  {func(s *TenantState) { s.NextExpiry = ptr(at(60)) }, true},
		"reservation that lives":       {func(s *TenantState) { s.NextExpiry = ptr(at(61)) }, false},
		"period":                       {func(s *TenantState) { s.PeriodEnd = at(60) }, true},
		"no mark":                      {func(s *TenantState) { s.Marks = nil }, true},
		"no mark, and no AIBudget":     {func(s *TenantState) { s.Marks, s.UID = nil, "" }, false},
		"old mark":                     {func(s *TenantState) { s.Marks = []Mark{{at(0), []int64{0}}, {at(50), []int64{6}}} }, true},
		"old mark of the same":         {func(s *TenantState) { s.Marks = []Mark{{at(0), []int64{0}}, {at(50), []int64{7}}} }, false},
		"young mark":                   {func(s *TenantState) { s.Marks = []Mark{{at(51), []int64{6}}} }, false},
		"reservation without AIBudget": {func(s *TenantState) { s.UID, s.NextExpiry = "", ptr(at(1)) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := TenantState{UID: "u", Used: []int64{7}, PeriodEnd: at(1000), Now: at(60), Marks: []Mark{{at(55), []int64{6}}}}
			c.change(&s)
			if got := s.Due(); got != c.want {
				t.Errorf("%+v: %v", s, got)
			}
		})
	}
}
