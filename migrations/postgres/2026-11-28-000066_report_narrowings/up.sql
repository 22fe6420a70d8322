-- Each time when payers may have been told less of an organization's people than before: a consent was taken
-- back, whatever day it names; a version of a contract was added; an organization said that it may be a Part 2
-- program, or moved to another zone (docs/adr/0144). Rows are added and never changed.
CREATE TABLE report_narrowings (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    cause TEXT NOT NULL,
    subject BIGINT NOT NULL, -- the consent, the version, the organization's revision
    payer_id BIGINT REFERENCES payers (id), -- none: all payers
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, cause, subject)
);
CREATE INDEX report_narrowings_by_payer ON report_narrowings (payer_id);

-- How many of them were known in the snapshot of which a file was made.
ALTER TABLE report_issues ADD COLUMN narrowings BIGINT NOT NULL DEFAULT 0;
ALTER TABLE report_jobs ADD COLUMN narrowings BIGINT NOT NULL DEFAULT 0;

-- Nobody kept when what was recorded before: a payer's files of before are closed once, and made again.
INSERT INTO report_narrowings (organization_id, cause, subject, payer_id, recorded_at)
SELECT id, 'before', 0, NULL, CURRENT_TIMESTAMP AT TIME ZONE 'UTC' FROM organizations WHERE part2 <> 'not_program';
