-- A claim may cover a week or a month, so each of its lines has a date of its own.

-- SQLite wants a default for a column that is added; the program always gives the date.
ALTER TABLE claim_lines ADD COLUMN service_date DATE NOT NULL DEFAULT '1900-01-01';
UPDATE claim_lines SET service_date = (
    SELECT c.service_date FROM claims c
    WHERE c.organization_id = claim_lines.organization_id AND c.id = claim_lines.claim_id
);

-- Whether a member's week or month is claimed already is asked for each visit of it.
CREATE INDEX claims_by_member ON claims (organization_id, member_id, service_date);
