-- Not a tenant's table: a payer's jobs, and those over all organizations, have no organization.
-- Reports that are made in the background (docs/adr/0120): what was asked, who makes it, how far it is, and
-- what came of it. A process that makes one holds it by `attempt` until `lease_until`.
CREATE TABLE report_jobs (
    id BIGINT NOT NULL PRIMARY KEY,
    -- Whose: none for a report over all organizations, or all payers.
    organization_id BIGINT REFERENCES organizations (id),
    payer_id BIGINT REFERENCES payers (id),
    edition TEXT NOT NULL,
    report TEXT NOT NULL,
    question TEXT NOT NULL, -- JSON
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    -- Counts who took it, so that who lost it can write nothing more.
    attempt INTEGER NOT NULL,
    -- Of those, the ones that did not end in order.
    tries INTEGER NOT NULL,
    lease_until TIMESTAMP,
    part TEXT,
    part_done BIGINT,
    part_of BIGINT,
    made_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    finished_at TIMESTAMP,
    -- By the calendar of the work: what is told to a payer may be told less later.
    known_at TIMESTAMP,
    size_bytes BIGINT,
    sha256 TEXT,
    error_code TEXT,
    error_detail TEXT,
    -- Seen by nobody any more; the row goes when its pieces have gone.
    removed_at TIMESTAMP
);
CREATE INDEX report_jobs_open ON report_jobs (id) WHERE state IN ('waiting', 'running');
CREATE INDEX report_jobs_by_organization ON report_jobs (organization_id, id);
CREATE INDEX report_jobs_by_payer ON report_jobs (payer_id, id);

CREATE TABLE report_job_pieces (
    job_id BIGINT NOT NULL REFERENCES report_jobs (id),
    attempt INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (job_id, attempt, ordinal)
);
