-- Whose this database is: one row.
CREATE TABLE tenantry.plane (
  only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  plane           text NOT NULL,
  installation    text NOT NULL,
  schema_version  integer NOT NULL,
  key_fingerprint text NOT NULL,
  claimed_at      timestamptz NOT NULL DEFAULT now()
);

-- Whose a tenantID is. Rows are never deleted: a tombstone keeps an id from being given to somebody else.
CREATE TABLE tenantry.claims (
  tenant_id  text COLLATE "C" PRIMARY KEY,
  uid        text NOT NULL,
  tombstone  boolean NOT NULL DEFAULT false,
  claimed_at timestamptz NOT NULL DEFAULT now()
);

-- Whether a tenant's rows are open. A tenant without a row is unknown.
CREATE TABLE tenantry.tenants (
  tenant_id text COLLATE "C" PRIMARY KEY REFERENCES tenantry.claims,
  state     text NOT NULL CHECK (state IN ('Active', 'Suspended', 'Retained'))
);

-- Which tenant a login role is, whatever it sets. The fingerprint is that of the password which was issued to it.
CREATE TABLE tenantry.logins (
  role_name   name PRIMARY KEY,
  tenant_id   text COLLATE "C" NOT NULL REFERENCES tenantry.claims,
  slot        integer NOT NULL,
  fingerprint text NOT NULL DEFAULT ''
);
CREATE INDEX logins_tenant ON tenantry.logins (tenant_id);

-- Roles that may be every tenant, one per transaction.
CREATE TABLE tenantry.app_roles (
  role_name name PRIMARY KEY
);

REVOKE ALL ON ALL TABLES IN SCHEMA tenantry FROM PUBLIC;
