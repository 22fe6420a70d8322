-- Stored files, batches and claims.

CREATE TABLE files (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id)
);

-- A file's bytes in pieces, so that a large one streams.
CREATE TABLE file_chunks (
    organization_id BIGINT NOT NULL,
    file_id BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (organization_id, file_id, ordinal),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id)
);

CREATE TABLE batches (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    through DATE NOT NULL,
    status TEXT NOT NULL,
    sender_id TEXT NOT NULL,
    receiver_id TEXT NOT NULL,
    interchange_control BIGINT NOT NULL,
    group_control BIGINT NOT NULL,
    claim_count BIGINT NOT NULL,
    line_count BIGINT NOT NULL,
    units BIGINT NOT NULL,
    charge BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    file_id BIGINT NOT NULL,
    built_at TIMESTAMP NOT NULL,
    released_at TIMESTAMP,
    withdrawn_at TIMESTAMP,
    delivered_at TIMESTAMP,
    receipt TEXT, -- JSON
    PRIMARY KEY (organization_id, id),
    UNIQUE (sender_id, receiver_id, interchange_control),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id)
);

CREATE TABLE claims (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    number TEXT NOT NULL UNIQUE,
    batch_id BIGINT NOT NULL,
    ordinal INTEGER NOT NULL, -- its place in the batch
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    member_id BIGINT NOT NULL,
    member_number TEXT NOT NULL,
    peer_id BIGINT NOT NULL,
    contract_version_id BIGINT NOT NULL,
    status TEXT NOT NULL,
    service_date DATE NOT NULL,
    units BIGINT NOT NULL,
    charge BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    file_by DATE NOT NULL,
    document TEXT NOT NULL, -- JSON of the claim as sent
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, batch_id, ordinal),
    FOREIGN KEY (organization_id, batch_id) REFERENCES batches (organization_id, id),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id),
    FOREIGN KEY (organization_id, peer_id) REFERENCES peers (organization_id, id),
    FOREIGN KEY (organization_id, contract_version_id)
        REFERENCES contract_versions (organization_id, id)
);
CREATE INDEX claims_by_date ON claims (organization_id, service_date);

CREATE TABLE claim_lines (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    claim_id BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    control TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    units BIGINT NOT NULL,
    charge BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, claim_id, ordinal),
    FOREIGN KEY (organization_id, claim_id) REFERENCES claims (organization_id, id)
);

-- Which decision lines a claim line states, with their exact share of its money.
CREATE TABLE claim_line_parts (
    organization_id BIGINT NOT NULL,
    claim_line_id BIGINT NOT NULL,
    decision_line_id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    units BIGINT NOT NULL,
    charge BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    live BOOLEAN NOT NULL,
    PRIMARY KEY (organization_id, claim_line_id, decision_line_id),
    FOREIGN KEY (organization_id, claim_line_id) REFERENCES claim_lines (organization_id, id),
    FOREIGN KEY (organization_id, decision_line_id) REFERENCES decision_lines (organization_id, id)
);
-- Nothing is billed twice: a line is on at most one live claim.
CREATE UNIQUE INDEX claim_line_parts_live ON claim_line_parts (organization_id, decision_line_id)
    WHERE live;
CREATE INDEX claim_line_parts_by_encounter ON claim_line_parts (organization_id, encounter_id);
