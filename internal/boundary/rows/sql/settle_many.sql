
-- Settles many requests in one transaction, as reserve_many() reserves them. Those of suspended tenants are settled too.
#variable_conflict use_variable
DECLARE
{{finish_variables}}
  request text;
  tokens_in bigint;
  tokens_out bigint;
  target text := 'Settled';
  standing text;
  places integer[];
BEGIN
  IF (cardinality(tenant_ids) <= 1000 AND cardinality(request_ids) = cardinality(tenant_ids)
      AND cardinality(input_used) = cardinality(tenant_ids) AND cardinality(output_used) = cardinality(tenant_ids)) IS NOT TRUE THEN
    RAISE EXCEPTION USING ERRCODE = 'TN010', MESSAGE = 'the arrays of settle_many() have one length, at most 1000';
  END IF;
{{finish_many}}
END
