        again := NULL; unit := NULL; limit_model := NULL; used := NULL; reserved := NULL; limit_amount := NULL; percent := NULL; resets_at := NULL; expires_at := NULL;
