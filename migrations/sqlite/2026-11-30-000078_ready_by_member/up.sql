-- What is ready to be claimed is read member by member, in parts: a line tells whose it is. By date, each batch
-- counted all ready lines of all members before it took the first five thousand.
ALTER TABLE decision_lines ADD COLUMN member_id BIGINT NOT NULL DEFAULT 0; -- whose visit it was when decided
UPDATE decision_lines SET member_id =
    (SELECT e.member_id FROM encounters e
     WHERE e.organization_id = decision_lines.organization_id AND e.id = decision_lines.encounter_id);
DROP INDEX decision_lines_ready;
CREATE INDEX decision_lines_ready ON decision_lines (organization_id, payer_id, member_id, service_date)
    WHERE status = 'ready';
-- Of the shape of the new one the planner is told as of the old one (migration 19).
DELETE FROM sqlite_stat1 WHERE tbl = 'decision_lines' AND idx = 'decision_lines_ready';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('decision_lines', 'decision_lines_ready', '12000000 1200000 400000 20 2');
