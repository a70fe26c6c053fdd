        IF standing IS NULL THEN
          problem := 'TN002';
          detail := format('tenant "%s" is unknown', tenant);
          hint := 'Tenants are declared in Kubernetes: apply a Tenant with this tenantID and wait until it is Ready.';
        ELSIF standing <> 'Active' THEN
          problem := 'TN004';
          detail := format('tenant "%s" is %s', tenant, lower(standing));
          hint := 'Set spec.access of the Tenant to Active to open it.';
        ELSE
{{complain}}
        END IF;
