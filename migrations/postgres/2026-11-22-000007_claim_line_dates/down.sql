DROP INDEX claims_by_member;
ALTER TABLE claim_lines DROP COLUMN service_date;
