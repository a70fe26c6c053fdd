
-- Whether bounds are those of a calendar period. A zone that the server does not know has none.
BEGIN
  RETURN (SELECT p.period_start = starts AND p.period_end = ends FROM tenantry.budget_period(starts, period, zone) p);
EXCEPTION WHEN OTHERS THEN
  RETURN false;
END
