-- Who may connect, and the application's tables as their owner makes them: tenant_id is NOT NULL and leads an index.
REVOKE CONNECT, TEMPORARY ON DATABASE product FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE product TO app, app_owner, dump;
GRANT CREATE ON SCHEMA public TO app_owner;

SET ROLE app_owner;
CREATE TABLE documents (
  id bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id text NOT NULL,
  title text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE TABLE invoices (
  tenant_id text NOT NULL,
  number text NOT NULL,
  cents bigint NOT NULL,
  PRIMARY KEY (tenant_id, number)
);
