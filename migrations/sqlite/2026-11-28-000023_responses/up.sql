-- What comes back from clearinghouses and payers: the files as they came, and what they say of
-- batches and claims.

ALTER TABLE batches ADD COLUMN acknowledgment TEXT; -- accepted, accepted_with_errors, partly, rejected
ALTER TABLE batches ADD COLUMN acknowledged_at TIMESTAMP;
CREATE INDEX batches_by_group ON batches (organization_id, sender_id, receiver_id, group_control);

-- A file is kept once, whatever became of it.
CREATE TABLE received_files (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    file_id BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    sender_id TEXT, -- ISA06 of its first interchange
    receiver_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('applied', 'partly', 'waiting', 'quarantined', 'kept')),
    reason TEXT,
    channel TEXT NOT NULL,
    archive TEXT, -- name of the zip it came in
    waits_for BIGINT, -- the batch whose release it waits for
    accepted BIGINT NOT NULL, -- claims
    rejected BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    applied_at TIMESTAMP,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, sha256),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id),
    FOREIGN KEY (organization_id, waits_for) REFERENCES batches (organization_id, id)
);
CREATE INDEX received_files_waiting ON received_files (organization_id, waits_for)
    WHERE state = 'waiting';

-- Interchanges that were applied: a control number is used once.
CREATE TABLE received_interchanges (
    organization_id BIGINT NOT NULL,
    sender_id TEXT NOT NULL,
    receiver_id TEXT NOT NULL,
    control TEXT NOT NULL,
    digest TEXT NOT NULL, -- of its segments
    received_id BIGINT NOT NULL,
    PRIMARY KEY (organization_id, sender_id, receiver_id, control),
    FOREIGN KEY (organization_id, received_id) REFERENCES received_files (organization_id, id)
);

-- What was said of a batch (claim_id NULL) or of a claim; never changed.
CREATE TABLE responses (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    received_id BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    claim_id BIGINT,
    stage TEXT NOT NULL CHECK (stage IN ('interchange', 'set', 'claim')),
    source TEXT NOT NULL,
    control TEXT NOT NULL, -- ISA13, ST02 or CLM01
    verdict TEXT NOT NULL,
    effect TEXT NOT NULL,
    said TEXT NOT NULL, -- JSON
    payer_control TEXT,
    clearinghouse_control TEXT,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, received_id) REFERENCES received_files (organization_id, id),
    FOREIGN KEY (organization_id, batch_id) REFERENCES batches (organization_id, id),
    FOREIGN KEY (organization_id, claim_id) REFERENCES claims (organization_id, id)
);
CREATE INDEX responses_by_batch ON responses (organization_id, batch_id, id);
CREATE INDEX responses_by_claim ON responses (organization_id, claim_id, id) WHERE claim_id IS NOT NULL;
CREATE INDEX responses_by_file ON responses (organization_id, received_id, id);
