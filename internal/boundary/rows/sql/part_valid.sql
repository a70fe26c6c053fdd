(current_setting('transaction_isolation') = 'read committed' AND octet_length(request) BETWEEN 1 AND 128
    AND tokens_in BETWEEN 0 AND 1000000000 AND tokens_out BETWEEN 0 AND 1000000000 AND octet_length(wanted) BETWEEN 1 AND 128
    AND coalesce(complexity, 'Simple') IN ('Simple', 'Standard', 'Complex'))
