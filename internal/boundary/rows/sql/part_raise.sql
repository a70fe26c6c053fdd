    RAISE EXCEPTION USING ERRCODE = problem, MESSAGE = detail, HINT = coalesce(hint, '');
