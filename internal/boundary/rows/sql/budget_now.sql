
-- The one place where budgets read the time.
SELECT pg_catalog.clock_timestamp()
