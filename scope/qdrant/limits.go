package qdrant

import "fmt"

// Limits bound what one request may ask for. A zero field is its default. A request beyond a limit is refused before any
// work is done for it.
type Limits struct {
	// MaxDepth of prefetch in prefetch; default 8. Filters and formulas may be twice as deep (16), payloads three times (24).
	MaxDepth int
	// MaxBatch bounds the items of a batch, and all searches of one request (items and prefetches) together; default 1000.
	MaxBatch int
	// MaxPoints of one write; default 20000.
	MaxPoints int
	// MaxConditions of one request: conditions of filters and parts of formulas together; default 2000.
	MaxConditions int
	// MaxIDs of one request, wherever they stand; default 20000.
	MaxIDs int
	// MaxLimit bounds the points of one answer (limit, limit × group_size, limit × sample, ids of Get); default 10000, which
	// is also what the server's strict mode allows in Shared collections. It holds in every collection: the server sets
	// memory aside for what is asked for, and it serves others too.
	MaxLimit uint64
	// MaxOffset bounds offset; default 100000.
	MaxOffset uint64
	// MaxCandidates bounds what the server compares pair by pair: the candidates of mmr, the sample of a distance matrix;
	// default 1000.
	MaxCandidates uint64
	// MaxWork bounds limit and offset of all searches of one request together; default 250000.
	MaxWork int
}

// DefaultLimits are used where a field of Limits is zero.
func DefaultLimits() Limits {
	return Limits{
		MaxDepth: 8, MaxBatch: 1000, MaxPoints: 20000, MaxConditions: 2000, MaxIDs: 20000, MaxLimit: 10000, MaxOffset: 100000,
		MaxCandidates: 1000, MaxWork: 250000,
	}
}

func (l Limits) orDefaults() (Limits, error) {
	d := DefaultLimits()
	for _, f := range []struct {
		name       string
		value, def *int
	}{
		{"MaxDepth", &l.MaxDepth, &d.MaxDepth}, {"MaxBatch", &l.MaxBatch, &d.MaxBatch}, {"MaxPoints", &l.MaxPoints, &d.MaxPoints},
		{"MaxConditions", &l.MaxConditions, &d.MaxConditions}, {"MaxIDs", &l.MaxIDs, &d.MaxIDs}, {"MaxWork", &l.MaxWork, &d.MaxWork},
	} {
		if *f.value < 0 {
			return l, fmt.Errorf("limit %s is %d: it must be positive, or 0 for its default", f.name, *f.value)
		}
		if *f.value == 0 {
			*f.value = *f.def
		}
	}
	if l.MaxLimit == 0 {
		l.MaxLimit = d.MaxLimit
	}
	if l.MaxOffset == 0 {
		l.MaxOffset = d.MaxOffset
	}
	if l.MaxCandidates == 0 {
		l.MaxCandidates = d.MaxCandidates
	}
	return l, nil
}

// nesting is what a message counts as one level of.
type nesting uint8

const (
	flat nesting = iota
	nestedPrefetch
	nestedCondition
	nestedValue
	nestings
)

// budget is what a message uses up.
type budget uint8

const (
	free budget = iota
	perSearch
	perPoint
	perCondition
	perID
	perRank
	budgets
)

func (l *Limits) depths() [nestings]int {
	return [nestings]int{nestedPrefetch: l.MaxDepth, nestedCondition: 2 * l.MaxDepth, nestedValue: 3 * l.MaxDepth}
}

func (l *Limits) amounts() [budgets]int {
	return [budgets]int{perSearch: l.MaxBatch, perPoint: l.MaxPoints, perCondition: l.MaxConditions, perID: l.MaxIDs, perRank: l.MaxWork}
}

var nestingNames = [nestings]string{nestedPrefetch: "prefetches", nestedCondition: "conditions or expressions", nestedValue: "payload values"}

var budgetNames = [budgets]string{perSearch: "searches", perPoint: "points", perCondition: "conditions and expressions", perID: "point ids", perRank: "points to rank"}
