
-- Rounded up once a request. In integers where they suffice, which is quicker.
SELECT CASE WHEN input_price <= 1000000000 AND output_price <= 1000000000
  THEN (input_tokens * input_price + output_tokens * output_price + 999999) / 1000000
  ELSE pg_catalog.div(input_tokens::numeric * input_price + output_tokens::numeric * output_price + 999999, 1000000)::bigint END
