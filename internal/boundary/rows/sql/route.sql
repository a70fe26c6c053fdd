
-- The model that serves a request of this complexity for the tenant that asks. A tenant without an AIBudget is Standard.
DECLARE
  tenant text := tenantry.current_tenant();
  class text := coalesce((SELECT b.tier FROM tenantry.tenant_budgets b WHERE b.tenant_id = tenant), 'Standard');
  found_model text;
BEGIN
  IF complexity IS NULL OR complexity NOT IN ('Simple', 'Standard', 'Complex') THEN
    RAISE EXCEPTION USING ERRCODE = 'TN010',
      MESSAGE = format('complexity "%s" is unknown: use Simple, Standard or Complex', complexity);
  END IF;
  SELECT r.model INTO found_model FROM tenantry.model_routing r WHERE r.tier = class AND r.complexity = route.complexity;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'TN012',
      MESSAGE = format('no model serves %s requests of tier %s', complexity, class),
      HINT = 'Add it to the DataPlane''s spec.routing, or name the model yourself.';
  END IF;
  RETURN found_model;
END
