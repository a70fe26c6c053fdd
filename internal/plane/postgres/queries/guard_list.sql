SELECT schema_name AS "schema", table_name AS "table", tenant_column AS "column" FROM tenantry_guard.protected
ORDER BY schema_name COLLATE "C", table_name COLLATE "C", tenant_column COLLATE "C"
