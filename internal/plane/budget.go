package plane

import (
	"context"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/budget"
)

// BudgetServer is a Server of the Rows layer, which also holds budgets and their ledger. What all budgets of the plane share
// (settings, prices, routes, partitions) is part of DiffPlane; the changes of a budget are applied with Apply.
type BudgetServer interface {
	Server
	// DiffBudget compares the limits of one tenant. Of several AIBudgets for a tenant ask only for the one that counts: the row
	// takes the UID of whoever asks. There is no call for an AIBudget that is gone: its limits stay until the Tenant goes.
	DiffBudget(ctx context.Context, want budget.Budget, f Freshness) (boundary.Diff, error)
	// DiffCounters compares the counters of all tenants' running periods with the ledger. It reads the whole ledger of those
	// periods in one round trip: ask about once an hour, and when somebody asks for an audit.
	DiffCounters(ctx context.Context) (boundary.Diff, error)
	// BudgetUsage says where a tenant stands, nil where it has no AIBudget's limits.
	BudgetUsage(ctx context.Context, tenantID string, f Freshness) (*budget.Usage, error)
	// SweepBudgets ends what has expired and begins new periods, of all tenants. Ask once an audit. With Recent it makes no call
	// where the snapshot has nothing that is due.
	SweepBudgets(ctx context.Context, f Freshness) (budget.Swept, error)
}
