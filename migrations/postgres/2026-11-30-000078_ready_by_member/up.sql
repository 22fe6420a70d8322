-- What is ready to be claimed is read member by member, in parts: a line tells whose it is. By date, each batch
-- counted all ready lines of all members before it took the first five thousand.
ALTER TABLE decision_lines ADD COLUMN member_id BIGINT NOT NULL DEFAULT 0; -- whose visit it was when decided
UPDATE decision_lines SET member_id =
    (SELECT e.member_id FROM encounters e
     WHERE e.organization_id = decision_lines.organization_id AND e.id = decision_lines.encounter_id);
ALTER TABLE decision_lines ALTER COLUMN member_id DROP DEFAULT;
DROP INDEX decision_lines_ready;
CREATE INDEX decision_lines_ready ON decision_lines (organization_id, payer_id, member_id, service_date)
    WHERE status = 'ready';
