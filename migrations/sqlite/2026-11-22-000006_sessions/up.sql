-- Revisions of encounters, and sessions: one meeting, an encounter for each member who is billed.

ALTER TABLE encounters ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
-- The decision that was made of this revision first: what a repeat is answered with.
ALTER TABLE encounters ADD COLUMN content_sequence INTEGER NOT NULL DEFAULT 1;

-- What an encounter said before it was revised. Never changed.
CREATE TABLE encounter_revisions (
    organization_id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    content TEXT NOT NULL, -- JSON
    decision_id BIGINT NOT NULL, -- the last decision of this revision
    replaced_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, encounter_id, revision),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, decision_id) REFERENCES decisions (organization_id, id)
);

CREATE TABLE sessions (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    peer_id BIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    service_date DATE NOT NULL,
    size BIGINT NOT NULL CHECK (size > 0), -- everyone present, billed or not
    peers BIGINT NOT NULL CHECK (peers > 0),
    -- Whether its times were stated; else they are those of its encounters.
    stated BOOLEAN NOT NULL,
    content_hash BLOB, -- SHA-256 of what it was entered with: tells a repeat from a conflict
    revision INTEGER NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    voided_at TIMESTAMP,
    void_reason TEXT,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, reference),
    FOREIGN KEY (organization_id, peer_id) REFERENCES peers (organization_id, id)
);
CREATE INDEX sessions_by_peer ON sessions (organization_id, peer_id, started_at);

-- An encounter is of one session at most.
CREATE TABLE session_encounters (
    organization_id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    PRIMARY KEY (organization_id, encounter_id),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, session_id) REFERENCES sessions (organization_id, id)
);
CREATE INDEX session_encounters_by_session ON session_encounters (organization_id, session_id);
