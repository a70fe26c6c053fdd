
-- Gives back what was reserved for a call that did not take place. Only an application can know that: a tenant's own login
-- would release what it used.
#variable_conflict use_variable
DECLARE
{{finish_variables}}
  request text := request_id;
  tokens_in bigint := 0;
  tokens_out bigint := 0;
  target text := 'Released';
BEGIN
  IF EXISTS (SELECT FROM tenantry.logins l WHERE l.role_name = session_user) THEN
    RAISE EXCEPTION USING ERRCODE = 'TN015',
      MESSAGE = 'a tenant''s own login cannot release what it reserved',
      HINT = 'Settle it, or let it expire. Only an application role, which made the call itself, can release.';
  END IF;
{{finish_one}}
END
