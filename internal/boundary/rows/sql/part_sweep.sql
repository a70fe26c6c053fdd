{{store}}
          opened := 0;
          already := 0;
          PERFORM tenantry.budget_sweep(tenant, at);
{{load}}
          swept := true;
