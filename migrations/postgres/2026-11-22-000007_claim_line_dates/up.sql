-- A claim may cover a week or a month, so each of its lines has a date of its own.

ALTER TABLE claim_lines ADD COLUMN service_date DATE;
UPDATE claim_lines SET service_date = (
    SELECT c.service_date FROM claims c
    WHERE c.organization_id = claim_lines.organization_id AND c.id = claim_lines.claim_id
);
ALTER TABLE claim_lines ALTER COLUMN service_date SET NOT NULL;

-- Whether a member's week or month is claimed already is asked for each visit of it.
CREATE INDEX claims_by_member ON claims (organization_id, member_id, service_date);
