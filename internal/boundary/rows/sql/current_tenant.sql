
-- The tenant that the rows of this query belong to. Identity is session_user, which no SET changes.
DECLARE
  stamp text := NULLIF(current_setting('{{stamp}}', true), '');
  tenant text;
  standing text;
BEGIN
  SELECT l.tenant_id INTO tenant FROM tenantry.logins l WHERE l.role_name = session_user;
  IF NOT FOUND THEN
    IF NOT EXISTS (SELECT FROM tenantry.app_roles a WHERE a.role_name = session_user) THEN
      RAISE EXCEPTION USING ERRCODE = 'TN005',
        MESSAGE = format('role "%s" is neither a tenant''s login nor an application role, so it has no rows here', session_user),
        HINT = 'The tables are protected by forced row-level security, which binds their owner too. Dump and migrate as a role with BYPASSRLS that the DataPlane lists in maintenanceRoles; list the role of an application in appRoles.';
    END IF;
    IF stamp IS NULL THEN
      RAISE EXCEPTION USING ERRCODE = 'TN001',
        MESSAGE = 'no tenant is set for this transaction',
        HINT = {{unset_hint}};
    END IF;
{{read_stamp}}
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
  RETURN tenant;
END
