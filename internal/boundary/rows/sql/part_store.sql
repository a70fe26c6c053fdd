    UPDATE tenantry.tenant_budgets b
       SET reserved = held, open_requests = b.open_requests + opened, open_since = coalesce(b.open_since, at),
         next_expiry = least(b.next_expiry, at + make_interval(secs => seconds))
     WHERE b.tenant_id = tenant AND opened > 0;
