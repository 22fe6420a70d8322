-- Units are counted for each peer, by modifiers and mode, and across organizations.

ALTER TABLE unit_entries
    ADD COLUMN payer_id BIGINT REFERENCES payers (id), -- none for a grant
    ADD COLUMN peer_id BIGINT, -- none for a grant and for usage from before go-live
    ADD COLUMN modifiers TEXT, -- joined by ':'; none where they are not known
    ADD COLUMN mode TEXT; -- none where it is not known
UPDATE unit_entries u
SET payer_id = l.payer_id, peer_id = e.peer_id, modifiers = l.modifiers,
    mode = CAST(e.content AS json) ->> 'mode'
FROM decision_lines l
JOIN encounters e ON e.organization_id = l.organization_id AND e.id = l.encounter_id
WHERE l.organization_id = u.organization_id AND l.id = u.line_id;
ALTER TABLE unit_entries
    ADD FOREIGN KEY (organization_id, peer_id) REFERENCES peers (organization_id, id);
CREATE INDEX unit_entries_by_peer ON unit_entries (organization_id, peer_id, service_date)
    WHERE peer_id IS NOT NULL;

-- Units that a payer counts across organizations, where a contract says so. Owned by no tenant: no
-- answer ever shows them, and an organization learns only that an addition does not fit.
CREATE TABLE shared_accounts (
    id BIGINT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
);

-- Never changed. The organization is that of the line, so that a void can give back what it drew.
CREATE TABLE shared_entries (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES shared_accounts (id),
    kind TEXT NOT NULL CHECK (kind IN ('reserve', 'release', 'adjust', 'opening')),
    encounter_id BIGINT,
    line_id BIGINT,
    service TEXT NOT NULL,
    service_date DATE NOT NULL,
    modifiers TEXT,
    mode TEXT,
    units BIGINT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, line_id) REFERENCES decision_lines (organization_id, id)
);
CREATE INDEX shared_entries_by_account ON shared_entries (account_id, service_date);
CREATE INDEX shared_entries_by_line ON shared_entries (organization_id, line_id);
