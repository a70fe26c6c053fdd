  -- Only an application role may name tenants.
  IF NOT EXISTS (SELECT FROM tenantry.app_roles a WHERE a.role_name = session_user
      AND NOT EXISTS (SELECT FROM tenantry.logins l WHERE l.role_name = session_user)) THEN
    RAISE EXCEPTION USING ERRCODE = 'TN005',
      MESSAGE = format('role "%s" is no application role and cannot act for tenants', session_user),
      HINT = 'Connect as one of the DataPlane''s appRoles, or call the function for a single request as a tenant.';
  END IF;
