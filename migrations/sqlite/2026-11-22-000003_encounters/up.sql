-- Encounters, what the rules said of them, and the unit ledger.

CREATE TABLE encounters (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    content_hash BLOB NOT NULL, -- SHA-256 of the content: tells a repeat from a conflict
    content TEXT NOT NULL, -- JSON
    peer_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    minutes BIGINT NOT NULL,
    service_date DATE NOT NULL,
    service_month INTEGER NOT NULL, -- 202607
    -- Of the current decision:
    payer_id BIGINT REFERENCES payers (id),
    member_number TEXT,
    service TEXT,
    disposition TEXT NOT NULL,
    status TEXT NOT NULL,
    decision_id BIGINT NOT NULL,
    decision_sequence INTEGER NOT NULL,
    file_by DATE,
    recorded_at TIMESTAMP NOT NULL,
    voided_at TIMESTAMP,
    void_reason TEXT,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, reference),
    FOREIGN KEY (organization_id, peer_id) REFERENCES peers (organization_id, id),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id)
);
CREATE INDEX encounters_by_member ON encounters (organization_id, member_id, started_at);
CREATE INDEX encounters_by_peer ON encounters (organization_id, peer_id, started_at);
CREATE INDEX encounters_by_date ON encounters (organization_id, service_date);

-- Never changed: a new decision is a new row.
CREATE TABLE decisions (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    sequence INTEGER NOT NULL,
    cause TEXT NOT NULL,
    contract_version_id BIGINT,
    engine TEXT NOT NULL,
    as_of TIMESTAMP NOT NULL,
    answer TEXT NOT NULL, -- JSON
    facts TEXT NOT NULL, -- JSON
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, encounter_id, sequence),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, contract_version_id)
        REFERENCES contract_versions (organization_id, id)
);

CREATE TABLE decision_lines (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    decision_id BIGINT NOT NULL,
    ordinal INTEGER NOT NULL,
    status TEXT NOT NULL,
    payer_id BIGINT REFERENCES payers (id),
    service TEXT NOT NULL,
    service_date DATE NOT NULL,
    procedure_code TEXT NOT NULL,
    modifiers TEXT NOT NULL, -- joined by ':'
    place TEXT NOT NULL,
    units BIGINT NOT NULL CHECK (units > 0),
    unit_charge TEXT, -- decimal
    unit_rate TEXT, -- decimal
    charge BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    authorization_id BIGINT,
    authorized_units BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, decision_id, ordinal),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, decision_id) REFERENCES decisions (organization_id, id),
    FOREIGN KEY (organization_id, authorization_id) REFERENCES authorizations (organization_id, id)
);
CREATE INDEX decision_lines_by_encounter ON decision_lines (organization_id, encounter_id);
CREATE INDEX decision_lines_by_authorization ON decision_lines (organization_id, authorization_id)
    WHERE authorization_id IS NOT NULL;
CREATE INDEX decision_lines_ready ON decision_lines (organization_id, payer_id, service_date)
    WHERE status = 'ready';

-- Rows that exist to be locked, in order of key, by whoever draws units or time.
CREATE TABLE accounts (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, key)
);

-- The unit ledger. Never changed: usage is the sum of reserved and consumed.
CREATE TABLE unit_entries (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'reserve', 'consume', 'release', 'adjust', 'opening')),
    encounter_id BIGINT,
    line_id BIGINT,
    service TEXT,
    service_date DATE NOT NULL,
    authorization_id BIGINT,
    granted BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    consumed BIGINT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts (organization_id, id),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, line_id) REFERENCES decision_lines (organization_id, id),
    FOREIGN KEY (organization_id, authorization_id) REFERENCES authorizations (organization_id, id)
);
CREATE INDEX unit_entries_by_account ON unit_entries (organization_id, account_id, service_date);
CREATE INDEX unit_entries_by_authorization ON unit_entries (organization_id, authorization_id);
CREATE INDEX unit_entries_by_line ON unit_entries (organization_id, line_id);
