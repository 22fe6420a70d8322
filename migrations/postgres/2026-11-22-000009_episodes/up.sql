-- Enrollment episodes of members: dates that a payer counts units in. Those of one member and kind
-- share no day where a payer counts both; the writer of a row checks that under the member's lock.

CREATE TABLE episodes (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    payer_id BIGINT REFERENCES payers (id), -- NULL: counts for every payer
    kind TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, reference),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id)
);
CREATE INDEX episodes_by_member ON episodes (organization_id, member_id);
