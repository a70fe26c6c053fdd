
-- Releases many requests in one transaction, as reserve_many() reserves them.
#variable_conflict use_variable
DECLARE
{{finish_variables}}
  request text;
  tokens_in bigint;
  tokens_out bigint;
  input_used bigint[] := array_fill(0::bigint, ARRAY[1000]);
  output_used bigint[] := input_used;
  target text := 'Released';
  standing text;
  places integer[];
BEGIN
  IF (cardinality(tenant_ids) <= 1000 AND cardinality(request_ids) = cardinality(tenant_ids)) IS NOT TRUE THEN
    RAISE EXCEPTION USING ERRCODE = 'TN010', MESSAGE = 'the arrays of release_many() have one length, at most 1000';
  END IF;
{{finish_many}}
END
