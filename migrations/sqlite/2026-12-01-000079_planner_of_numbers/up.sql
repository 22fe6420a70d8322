-- The planner is told of three indexes of which it was told nothing (migration 19): it took them for better than
-- those that it knew, and read all claims of a payer for each number of a member whose people were looked at.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('claims', 'claims_by_payer_number', '10000000 1000000 50'),
    ('coverages', 'coverages_by_payer_number', '300000 30000 1'),
    ('batches', 'batches_by_group', '20000 2000 200 200 1');
