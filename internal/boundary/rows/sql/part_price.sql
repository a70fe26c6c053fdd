      SELECT p.input_price, p.output_price, s.reservation_seconds INTO price_in, price_out, seconds
        FROM tenantry.budget_settings s LEFT JOIN LATERAL (
          SELECT x.input_price, x.output_price FROM tenantry.model_prices x
           WHERE x.model = wanted AND x.valid_from <= tenantry.budget_now() ORDER BY x.valid_from DESC LIMIT 1) p ON true
       WHERE s.only_row;
