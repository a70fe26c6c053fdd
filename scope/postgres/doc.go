// Package postgres runs functions in transactions that carry the tenant of the context.
//
//	err := postgres.InTx(ctx, pool, func(ctx context.Context, tx pgx.Tx) error {
//		_, err := tx.Exec(ctx, "INSERT INTO documents (tenant_id, title) VALUES ($1, $2)", tenant, title)
//		return err
//	})
//
// Inside, the policies that Tenantry keeps on protected tables show this tenant's rows and let through only writes to them;
// no query needs a WHERE for it. Outside of such a transaction a query on a protected table is an error, so that a
// forgotten tenant is never an unfiltered answer.
//
// [InTx] is for pgx (pgxpool.Pool, pgx.Conn), [InSQLTx] for database/sql. Both begin a transaction, call
// tenantry.use_tenant with the tenant of the context (see scope.WithTenant), run the function, and commit; an error or a
// panic rolls back. The server remembers the tenant for that transaction alone: a connection goes back to the pool with
// nothing of it. Before the commit, what a session would keep beyond it is dropped too: temporary tables, cursors WITH
// HOLD, listens, advisory locks and the values that currval() remembers.
//
// Connect as one of the DataPlane's appRoles. That role is trusted to name any tenant, so pass values as parameters: SQL
// that a caller can write could name another. A tenant's own login is one tenant whatever it sends, and needs none of this.
//
// Errors of the boundary are [Error]s that name the remedy; test for [ErrUnknownTenant] and its kin with errors.Is.
package postgres
