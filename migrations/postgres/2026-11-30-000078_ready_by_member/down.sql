DROP INDEX decision_lines_ready;
CREATE INDEX decision_lines_ready ON decision_lines (organization_id, payer_id, service_date)
    WHERE status = 'ready';
ALTER TABLE decision_lines DROP COLUMN member_id;
