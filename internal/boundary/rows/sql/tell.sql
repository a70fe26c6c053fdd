
-- Sends a notification at commit, once a transaction, unless only temporary objects were touched: those are made all day.
BEGIN
  IF TG_EVENT = 'sql_drop' THEN
    PERFORM FROM pg_event_trigger_dropped_objects() o WHERE NOT o.is_temporary;
  ELSE
    PERFORM FROM pg_event_trigger_ddl_commands() c WHERE c.schema_name IS DISTINCT FROM 'pg_temp';
  END IF;
  IF FOUND THEN
    PERFORM pg_notify('{{channel}}', '');
  END IF;
END
