DROP INDEX decision_lines_ready;
CREATE INDEX decision_lines_ready ON decision_lines (organization_id, payer_id, service_date)
    WHERE status = 'ready';
DELETE FROM sqlite_stat1 WHERE tbl = 'decision_lines' AND idx = 'decision_lines_ready';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('decision_lines', 'decision_lines_ready', '12000000 1200000 400000 1095');
ALTER TABLE decision_lines DROP COLUMN member_id;
