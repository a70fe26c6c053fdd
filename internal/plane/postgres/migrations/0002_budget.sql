-- What holds for every budget of the plane: one row.
CREATE TABLE tenantry.budget_settings (
  only_row            boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  reservation_seconds integer NOT NULL DEFAULT 900 CHECK (reservation_seconds BETWEEN 1 AND 86400),
  on_expiry           text NOT NULL DEFAULT 'Charge' CHECK (on_expiry IN ('Charge', 'Free')),
  without_budget      text NOT NULL DEFAULT 'Refuse' CHECK (without_budget IN ('Refuse', 'Allow'))
);
INSERT INTO tenantry.budget_settings DEFAULT VALUES;

-- Micro-dollars for a million tokens, from a moment on. A request keeps the price that it was reserved at. NULL: the model
-- was taken out of the DataPlane.
CREATE TABLE tenantry.model_prices (
  model        text COLLATE "C" NOT NULL,
  valid_from   timestamptz NOT NULL DEFAULT clock_timestamp(),
  input_price  bigint CHECK (input_price >= 0),
  output_price bigint CHECK (output_price >= 0),
  PRIMARY KEY (model, valid_from),
  CHECK ((input_price IS NULL) = (output_price IS NULL))
);

-- Which model serves a tier and complexity.
CREATE TABLE tenantry.model_routing (
  tier       text NOT NULL,
  complexity text NOT NULL CHECK (complexity IN ('Simple', 'Standard', 'Complex')),
  model      text COLLATE "C" NOT NULL,
  PRIMARY KEY (tier, complexity)
);

-- One row a tenant: its limits, and beside them the counters of the running period, so that a call is one lock and one
-- update. The arrays run in parallel, one element a limit; tokens are tokens, USD are micro-dollars. A row without a uid was
-- made for a tenant without an AIBudget, where the plane lets such tenants through. No CHECK constraints: each would be parsed
-- again by every update.
CREATE TABLE tenantry.tenant_budgets (
  tenant_id       text COLLATE "C" PRIMARY KEY REFERENCES tenantry.claims,
  uid             text NOT NULL,
  tier            text NOT NULL DEFAULT 'Standard',
  period          text NOT NULL,
  time_zone       text NOT NULL,
  enforcement     text NOT NULL DEFAULT 'Block',
  degrade_percent integer,
  units           text[] NOT NULL,
  models          text[] NOT NULL,
  amounts         bigint[] NOT NULL,
  period_start    timestamptz NOT NULL,
  period_end      timestamptz NOT NULL,
  used            bigint[] NOT NULL,
  reserved        bigint[] NOT NULL,
  open_requests   bigint NOT NULL DEFAULT 0, -- reservations neither settled, released nor expired, of any period
  open_since      timestamptz,               -- none of them was made earlier; NULL without any
  next_expiry     timestamptz                -- none of them expires earlier; NULL without any
) WITH (fillfactor = 50);

-- The counters of periods that ended, as tenant_budgets had them. What is settled late is added where it was reserved.
CREATE TABLE tenantry.budget_periods (
  tenant_id    text COLLATE "C" NOT NULL REFERENCES tenantry.claims,
  period_start timestamptz NOT NULL,
  period_end   timestamptz NOT NULL,
  units        text[] NOT NULL,
  models       text[] NOT NULL,
  amounts      bigint[] NOT NULL,
  used         bigint[] NOT NULL,
  reserved     bigint[] NOT NULL,
  PRIMARY KEY (tenant_id, period_start)
);

-- Counters as they stood at most an hour ago, for the recent rate.
CREATE TABLE tenantry.budget_marks (
  tenant_id text COLLATE "C" NOT NULL REFERENCES tenantry.claims,
  marked_at timestamptz NOT NULL,
  used      bigint[] NOT NULL,
  PRIMARY KEY (tenant_id, marked_at)
);

-- The ledger: one row a request, for its whole life. The operator makes a partition for each month, in UTC, ahead of time;
-- what finds none goes to the default partition, so that no call ever fails for lack of one.
CREATE TABLE tenantry.ai_usage_logs (
  created_at      timestamptz NOT NULL, -- when it was reserved; it counts in the period that this falls in
  expires_at      timestamptz NOT NULL,
  settled_at      timestamptz,          -- when it was settled, released or expired
  reserved_input  bigint NOT NULL,
  reserved_output bigint NOT NULL,
  reserved_micros bigint NOT NULL,
  input_tokens    bigint NOT NULL DEFAULT 0, -- as charged; 0 while it is reserved
  output_tokens   bigint NOT NULL DEFAULT 0,
  cost_micros     bigint NOT NULL DEFAULT 0,
  input_price     bigint NOT NULL,
  output_price    bigint NOT NULL,
  state           text NOT NULL DEFAULT 'Reserved', -- Reserved, Settled, Released, Expired
  tenant_id       text COLLATE "C" NOT NULL,
  request_id      text COLLATE "C" NOT NULL,
  model           text COLLATE "C" NOT NULL,
  asked_model     text COLLATE "C" -- where the request was routed to a cheaper model than it asked for
) PARTITION BY RANGE (created_at);
CREATE TABLE tenantry.ai_usage_logs_default PARTITION OF tenantry.ai_usage_logs DEFAULT WITH (fillfactor = 60);
CREATE UNIQUE INDEX ai_usage_logs_default_request ON tenantry.ai_usage_logs_default (tenant_id, request_id);
-- For sweeps and recounts, which ask for tenant_id COLLATE "POSIX". In the column's own collation the planner could take this
-- index for the one above, and read all of a tenant's month for one request.
CREATE INDEX ai_usage_logs_default_tenant ON tenantry.ai_usage_logs_default (tenant_id COLLATE "POSIX", created_at);
CREATE INDEX ai_usage_logs_default_time ON tenantry.ai_usage_logs_default USING brin (created_at);

-- For finance: what was charged, by UTC day and model. They show every tenant and are granted to nobody: grant SELECT on
-- them, and USAGE on the schema, to the role that may see all.
CREATE VIEW tenantry.usage_by_day AS
  SELECT tenant_id, (created_at AT TIME ZONE 'UTC')::date AS day, model, count(*) AS requests, sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens, round(sum(cost_micros) / 1000000, 6) AS cost_usd
  FROM tenantry.ai_usage_logs WHERE state <> 'Released' GROUP BY 1, 2, 3;
CREATE VIEW tenantry.usage_by_model AS
  SELECT tenant_id, date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month, model, count(*) AS requests,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, round(sum(cost_micros) / 1000000, 6) AS cost_usd
  FROM tenantry.ai_usage_logs WHERE state <> 'Released' GROUP BY 1, 2, 3;

-- A tenant reads its own rows. The operator, whom its functions run as, is let through by name: FORCE holds owners too.
ALTER TABLE tenantry.tenant_budgets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE tenantry.budget_periods ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE tenantry.ai_usage_logs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE tenantry.ai_usage_logs_default ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY operator ON tenantry.tenant_budgets TO CURRENT_USER USING (true);
CREATE POLICY operator ON tenantry.budget_periods TO CURRENT_USER USING (true);
CREATE POLICY operator ON tenantry.ai_usage_logs TO CURRENT_USER USING (true);
CREATE POLICY operator ON tenantry.ai_usage_logs_default TO CURRENT_USER USING (true);

REVOKE ALL ON ALL TABLES IN SCHEMA tenantry FROM PUBLIC;
