
-- Puts row-level security on tables as they are made or changed, where the list asks for it.
DECLARE
  made record;
  entry record;
  condition text;
BEGIN
  FOR made IN
    -- What a command changes in a table, it may change in those below it: ADD COLUMN in children, ATTACH in partitions.
    WITH RECURSIVE below AS (
      SELECT e.objid FROM pg_event_trigger_ddl_commands() e
       WHERE e.classid = 'pg_class'::regclass AND e.object_type IN ('table', 'table column')
      UNION
      SELECT i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.objid
    )
    SELECT c.oid, c.relname, c.relispartition, c.relrowsecurity AND c.relforcerowsecurity AS forced, n.nspname
      FROM below b
      JOIN pg_class c ON c.oid = b.objid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
      JOIN pg_namespace n ON n.oid = c.relnamespace
  LOOP
    SELECT quote_ident(a.attname) AS quoted, format_type(a.atttypid, NULL) AS type INTO entry
      FROM tenantry_guard.protected p
      JOIN pg_attribute a ON a.attrelid = made.oid AND a.attname = p.tenant_column AND a.attnum > 0 AND NOT a.attisdropped
     WHERE (p.schema_name = made.nspname AND p.table_name IN ('*', made.relname))
        OR (made.relispartition AND EXISTS (
             SELECT FROM pg_partition_ancestors(made.oid) x
               JOIN pg_class parent ON parent.oid = x.relid
               JOIN pg_namespace s ON s.oid = parent.relnamespace
              WHERE s.nspname = p.schema_name AND p.table_name IN ('*', parent.relname)))
     ORDER BY p.table_name DESC, p.tenant_column
     LIMIT 1;
    CONTINUE WHEN NOT FOUND;
    -- One statement: this function runs again for every ALTER that it makes, and two of them would never end.
    IF NOT made.forced THEN
      EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', made.nspname, made.relname);
    END IF;
    -- Without a policy nobody sees a row: where one cannot be made yet, that is how it stays until the operator comes.
    CONTINUE WHEN EXISTS (SELECT FROM pg_policy WHERE polrelid = made.oid AND polname = 'tenant_isolation')
      OR to_regprocedure('tenantry.current_tenant()') IS NULL;
    condition := CASE
      WHEN entry.type IN ('text', 'character varying') THEN entry.quoted || ' = (SELECT tenantry.current_tenant())'
      WHEN entry.type IN ('uuid', 'bigint', 'integer', 'smallint')
        THEN entry.quoted || ' = (SELECT tenantry.current_tenant()::' || entry.type || ')'
    END;
    CONTINUE WHEN condition IS NULL;
    EXECUTE format('CREATE POLICY tenant_isolation ON %I.%I AS PERMISSIVE FOR ALL TO PUBLIC USING (%s) WITH CHECK (%s)',
      made.nspname, made.relname, condition, condition);
  END LOOP;
END
