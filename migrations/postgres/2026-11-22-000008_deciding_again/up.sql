-- Deciding again: what a change touches and is still to be looked at, what came of it, and what was
-- claimed and would be billed otherwise today.

-- Written in the transaction of the change, gone when all that it touches was decided again.
CREATE TABLE marks (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    touched TEXT NOT NULL, -- JSON
    cause TEXT NOT NULL,
    depth INTEGER NOT NULL, -- 0 for a change, 1 for what a new decision set free, and so on
    back BOOLEAN NOT NULL, -- still on the way from the latest visit to the earliest
    after_date DATE, -- the visit looked at last; none before the first
    after_start TIMESTAMP,
    after_id BIGINT,
    tries INTEGER NOT NULL, -- failures since the last success
    due_at TIMESTAMP NOT NULL,
    served_at TIMESTAMP NOT NULL, -- its place in the round
    marked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX marks_by_turn ON marks (organization_id, served_at, id);

-- Never changed: numbered without a gap in each organization, in the order of commit.
CREATE TABLE decision_changes (
    organization_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    decision_id BIGINT NOT NULL,
    cause TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    outcome_before TEXT NOT NULL, -- JSON
    outcome_after TEXT NOT NULL, -- JSON
    PRIMARY KEY (organization_id, number),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, decision_id) REFERENCES decisions (organization_id, id)
);
CREATE INDEX decision_changes_by_time ON decision_changes (organization_id, changed_at);

-- Claimed visits that would be billed otherwise today.
CREATE TABLE corrections (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    claim_id BIGINT NOT NULL,
    cause TEXT NOT NULL,
    billed TEXT NOT NULL, -- JSON
    today TEXT NOT NULL, -- JSON
    opened_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, claim_id) REFERENCES claims (organization_id, id)
);
CREATE UNIQUE INDEX corrections_open ON corrections (organization_id, encounter_id)
    WHERE resolved_at IS NULL;
