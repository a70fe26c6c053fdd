
-- Makes an application role act as one tenant until the transaction ends.
DECLARE
  standing text;
BEGIN
  IF EXISTS (SELECT FROM tenantry.logins l WHERE l.role_name = session_user) THEN
    RAISE EXCEPTION USING ERRCODE = 'TN005',
      MESSAGE = format('role "%s" is the login of one tenant and cannot act as another', session_user),
      HINT = 'A tenant''s own login needs no use_tenant(): leave the call out.';
  ELSIF NOT EXISTS (SELECT FROM tenantry.app_roles a WHERE a.role_name = session_user) THEN
    RAISE EXCEPTION USING ERRCODE = 'TN005',
      MESSAGE = format('role "%s" is no application role and cannot act as a tenant', session_user),
      HINT = 'Connect as one of the DataPlane''s appRoles, or list this role there.';
  ELSIF tenant IS NULL OR tenant = '' THEN
    RAISE EXCEPTION USING ERRCODE = 'TN001',
      MESSAGE = 'use_tenant() was called without a tenant',
      HINT = 'Pass the tenantID that the request is for.';
  END IF;
  SELECT t.state INTO standing FROM tenantry.tenants t WHERE t.tenant_id = tenant;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'TN002',
      MESSAGE = format('tenant "%s" is unknown', tenant),
      HINT = 'Tenants are declared in Kubernetes: apply a Tenant with this tenantID and wait until it is Ready.';
  ELSIF standing <> 'Active' THEN
    RAISE EXCEPTION USING ERRCODE = 'TN004',
      MESSAGE = format('tenant "%s" is %s', tenant, lower(standing)),
      HINT = 'Its rows are kept and closed. Set spec.access of the Tenant to Active to open them; what a deleted Tenant left stays closed.';
  END IF;
  PERFORM set_config('{{stamp}}', {{write_stamp}}, true);
END
