
-- Charges what one call used in place of what was reserved for it. A tenant's own login never pays less than it reserved.
#variable_conflict use_variable
DECLARE
{{finish_variables}}
  request text := request_id;
  tokens_in bigint := input_used;
  tokens_out bigint := output_used;
  target text := 'Settled';
BEGIN
{{finish_one}}
END
