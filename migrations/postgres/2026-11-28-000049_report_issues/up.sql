-- Not a tenant's table: a payer's issues, and those over all organizations, have no organization.
-- Reports that were given out once and for ever (docs/adr/0100): what was asked, what it was made of, and
-- the bytes. A row is never changed; what is known better later is another issue that names this one.
CREATE TABLE report_issues (
    id BIGINT NOT NULL PRIMARY KEY,
    -- Whose: none for a report over all organizations, or all payers.
    organization_id BIGINT REFERENCES organizations (id),
    payer_id BIGINT REFERENCES payers (id),
    edition TEXT NOT NULL,
    report TEXT NOT NULL,
    -- The question: issues of one question follow each other, the first of them once.
    question TEXT NOT NULL,
    as_of TIMESTAMP NOT NULL,
    issued_at TIMESTAMP NOT NULL,
    supersedes BIGINT UNIQUE REFERENCES report_issues (id),
    manifest TEXT NOT NULL -- JSON
);
CREATE UNIQUE INDEX report_issues_first ON report_issues (question) WHERE supersedes IS NULL;
CREATE INDEX report_issues_by_organization ON report_issues (organization_id, id);
CREATE INDEX report_issues_by_payer ON report_issues (payer_id, id);

CREATE TABLE report_issue_files (
    issue_id BIGINT NOT NULL REFERENCES report_issues (id),
    form TEXT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (issue_id, form)
);
