-- The claims of a day are read page by page, in order of id. Without the id in the index each page sorted all that
-- was left of the day: an organization with thousands of claims a day waited for the square of them.
DROP INDEX claims_by_date;
CREATE INDEX claims_by_date ON claims (organization_id, service_date, id);
-- Of the shape of the new one the planner is told as of the old one (migration 19).
DELETE FROM sqlite_stat1 WHERE tbl = 'claims' AND idx = 'claims_by_date';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('claims', 'claims_by_date', '10000000 1000000 2739 1');
