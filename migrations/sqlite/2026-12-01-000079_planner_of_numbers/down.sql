DELETE FROM sqlite_stat1
WHERE idx IN ('claims_by_payer_number', 'coverages_by_payer_number', 'batches_by_group');
