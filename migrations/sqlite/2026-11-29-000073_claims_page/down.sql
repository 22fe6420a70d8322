DROP INDEX claims_by_date;
CREATE INDEX claims_by_date ON claims (organization_id, service_date);
DELETE FROM sqlite_stat1 WHERE tbl = 'claims' AND idx = 'claims_by_date';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('claims', 'claims_by_date', '10000000 1000000 2739');
