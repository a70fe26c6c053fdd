    own := EXISTS (SELECT FROM tenantry.logins l WHERE l.role_name = session_user);
    tenant := tenantry.current_tenant();
