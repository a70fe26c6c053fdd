package postgres

import (
	"fmt"
	"testing"

	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// TestTablesHaveTheirTurns, but all of them are tried while something is open: a turn that misses the table would close it.
func TestTablesHaveTheirTurns(t *testing.T) {
	var all []rows.Protected
	for i := range 3*probedTables + 1 {
		all = append(all, rows.Protected{Display: fmt.Sprint(i)})
	}
	seen := map[string]bool{}
	for turn := range 4 {
		some := inTurn(all, trial.Subject{Turn: turn})
		if len(some) != probedTables {
			t.Errorf("turn %d tries %d tables", turn, len(some))
		}
		for _, one := range some {
			seen[one.Display] = true
		}
		if n := len(inTurn(all, trial.Subject{Turn: turn, Whole: true})); n != len(all) {
			t.Errorf("turn %d tries %d tables while something is open", turn, n)
		}
	}
	if len(seen) != len(all) {
		t.Errorf("in four turns %d of %d tables are tried", len(seen), len(all))
	}
}
