    UPDATE tenantry.tenant_budgets b
       SET used = spent, reserved = held, open_requests = b.open_requests - closed,
         open_since = CASE WHEN b.open_requests > closed THEN b.open_since END,
         next_expiry = CASE WHEN b.open_requests > closed THEN b.next_expiry END
     WHERE b.tenant_id = tenant;
