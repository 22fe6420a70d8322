-- Units are counted for each peer, by modifiers and mode, and across organizations.

-- Made anew, because SQLite cannot add a composite reference to a table.
CREATE TABLE unit_entries_made_anew (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'reserve', 'consume', 'release', 'adjust', 'opening')),
    encounter_id BIGINT,
    line_id BIGINT,
    service TEXT,
    service_date DATE NOT NULL,
    authorization_id BIGINT,
    payer_id BIGINT REFERENCES payers (id), -- none for a grant
    peer_id BIGINT, -- none for a grant and for usage from before go-live
    modifiers TEXT, -- joined by ':'; none where they are not known
    mode TEXT, -- none where it is not known
    granted BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    consumed BIGINT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts (organization_id, id),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, line_id) REFERENCES decision_lines (organization_id, id),
    FOREIGN KEY (organization_id, authorization_id) REFERENCES authorizations (organization_id, id),
    FOREIGN KEY (organization_id, peer_id) REFERENCES peers (organization_id, id)
);
INSERT INTO unit_entries_made_anew
    (organization_id, id, account_id, kind, encounter_id, line_id, service, service_date,
     authorization_id, payer_id, peer_id, modifiers, mode, granted, reserved, consumed, recorded_at)
SELECT u.organization_id, u.id, u.account_id, u.kind, u.encounter_id, u.line_id, u.service,
    u.service_date, u.authorization_id, l.payer_id, e.peer_id, l.modifiers,
    json_extract(e.content, '$.mode'), u.granted, u.reserved, u.consumed, u.recorded_at
FROM unit_entries u
LEFT JOIN decision_lines l ON l.organization_id = u.organization_id AND l.id = u.line_id
LEFT JOIN encounters e ON e.organization_id = l.organization_id AND e.id = l.encounter_id;
DROP TABLE unit_entries;
ALTER TABLE unit_entries_made_anew RENAME TO unit_entries;
CREATE INDEX unit_entries_by_account ON unit_entries (organization_id, account_id, service_date);
CREATE INDEX unit_entries_by_authorization ON unit_entries (organization_id, authorization_id);
CREATE INDEX unit_entries_by_line ON unit_entries (organization_id, line_id);
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
