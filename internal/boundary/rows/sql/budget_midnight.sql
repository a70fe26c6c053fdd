
DECLARE
  standard timestamptz := local AT TIME ZONE zone;
BEGIN
  RETURN (SELECT coalesce(min(standard - make_interval(mins => m)) FILTER (WHERE (standard - make_interval(mins => m)) AT TIME ZONE zone = local), standard)
    FROM unnest(ARRAY[0, 30, 60, 120]) m);
END
