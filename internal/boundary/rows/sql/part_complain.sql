    IF current_setting('transaction_isolation') <> 'read committed' THEN
      problem := 'TN016';
      detail := format('budgets need READ COMMITTED, and this transaction is %s', upper(current_setting('transaction_isolation')));
      hint := 'In an older snapshot a call would not see what others reserved. Call it in a READ COMMITTED transaction of its own.';
    ELSIF request IS NULL OR octet_length(request) NOT BETWEEN 1 AND 128 THEN
      problem := 'TN010';
      detail := format('a request id has 1 to 128 bytes, not %s', coalesce(octet_length(request)::text, 'NULL'));
      hint := 'Use an id that is new for every request and the same for every retry of it, such as a UUID.';
    ELSIF tokens_in IS NULL OR tokens_out IS NULL OR tokens_in NOT BETWEEN 0 AND 1000000000 OR tokens_out NOT BETWEEN 0 AND 1000000000 THEN
      problem := 'TN010';
      detail := format('numbers of tokens are 0 to 1000000000, not %s and %s', coalesce(tokens_in::text, 'NULL'), coalesce(tokens_out::text, 'NULL'));
    ELSIF wanted IS NULL OR octet_length(wanted) NOT BETWEEN 1 AND 128 THEN
      problem := 'TN010';
      detail := format('the name of a model has 1 to 128 bytes, not %s', coalesce(octet_length(wanted)::text, 'NULL'));
    ELSE
      problem := 'TN010';
      detail := format('complexity "%s" is unknown: use Simple, Standard or Complex', complexity);
    END IF;
