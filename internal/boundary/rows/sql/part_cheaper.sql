          -- Near a limit the request goes to the dearest model that the tier's routing has for simpler requests and that costs
          -- less than the one asked for.
          SELECT c.model, c.input_price, c.output_price INTO cheaper
            FROM tenantry.model_routing r CROSS JOIN LATERAL (
              SELECT p.model, p.input_price, p.output_price FROM tenantry.model_prices p
               WHERE p.model = r.model AND p.valid_from <= at ORDER BY p.valid_from DESC LIMIT 1) c
           WHERE r.tier = tier AND r.model <> wanted
             AND (complexity IS NULL OR array_position(ARRAY['Simple', 'Standard', 'Complex'], r.complexity)
                    < array_position(ARRAY['Simple', 'Standard', 'Complex'], complexity))
             AND tokens_in::numeric * c.input_price + tokens_out::numeric * c.output_price
                    < tokens_in::numeric * price_in + tokens_out::numeric * price_out
           ORDER BY tokens_in::numeric * c.input_price + tokens_out::numeric * c.output_price DESC, c.model LIMIT 1;
