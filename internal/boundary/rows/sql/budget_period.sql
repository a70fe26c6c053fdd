
-- The calendar period of a zone that a moment falls in. A midnight that does not exist is the moment at which clocks go
-- forward over it; of one that comes twice, the first counts.
DECLARE
  lower_bound timestamp := date_trunc(lower(period), moment AT TIME ZONE zone);
  upper_bound timestamp := lower_bound + ('1 ' || period)::interval;
BEGIN
  period_start := tenantry.budget_midnight(lower_bound, zone);
  period_end := tenantry.budget_midnight(upper_bound, zone);
  RETURN NEXT;
END
