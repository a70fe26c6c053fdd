// Package budget reserves and settles what calls to models use, against the budgets that AIBudgets declare.
//
//	ledger, err := budget.New(pool, budget.Options{})
//	r, err := ledger.Reserve(ctx, budget.Request{Model: "gpt-4o", InputTokens: 900, MaxOutputTokens: 500})
//	if refused, ok := errors.AsType[*budget.Refused](err); ok { … } // 429: see [WriteError]
//	… call r.Model, which may be a cheaper one …
//	err = r.Settle(ctx, budget.Usage{InputTokens: 873, OutputTokens: 411})
//
// The tenant is that of the context (see scope.WithTenant). Connect as one of the DataPlane's appRoles.
//
// # Streams
//
// [Reservation.Meter] wraps a streaming response, [MeterSeq] an iterator: whatever ends it (its end, an error, a caller that
// hangs up, a panic), it is settled, with a context of its own: as reported, and without a last report as estimated if it came
// to its end, or as reserved if it was aborted.
//
// # Batches
//
// While one round trip is under way, calls queue and then go together in the next one. A call that finds nothing under way
// goes at once. No call waits for others to join, none fails because of another in its batch, and tenants take turns.
//
// # Request ids
//
// Every request has an id, and is charged once however often it is reserved and settled. Without one in the [Request] it is
// generated. Name your own to retry across processes: the same id with the same request gives the same reservation.
// Never take it from whoever is charged: see [Request.Retry] and [ErrInFlight].
//
// # What a cancelled Reserve leaves
//
// A call that was not sent yet leaves nothing. One whose answer was under way may have reserved: with a generated id, which
// nobody can ever settle, it is released in the background; with your own id it stays, for your retry, and otherwise
// expires. What could not be released expires too.
//
// # When PostgreSQL is away
//
// [FailClosed], the default, fails reservations with [ErrUnavailable]. [FailOpen] grants them, unchecked, and writes them to
// a spool on disk (Options.Spool) first. With a spool, under either policy, settlements go there as well, and Settle succeeds
// once they are synced to disk. They reach the ledger once PostgreSQL is back, each exactly once, also after the program was
// killed. What a killed program had granted and not settled is then charged in full.
package budget
