DROP TABLE shared_entries;
DROP TABLE shared_accounts;
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
INSERT INTO unit_entries_made_anew
    (organization_id, id, account_id, kind, encounter_id, line_id, service, service_date,
     authorization_id, granted, reserved, consumed, recorded_at)
SELECT organization_id, id, account_id, kind, encounter_id, line_id, service, service_date,
    authorization_id, granted, reserved, consumed, recorded_at
FROM unit_entries;
DROP TABLE unit_entries;
ALTER TABLE unit_entries_made_anew RENAME TO unit_entries;
CREATE INDEX unit_entries_by_account ON unit_entries (organization_id, account_id, service_date);
CREATE INDEX unit_entries_by_authorization ON unit_entries (organization_id, authorization_id);
CREATE INDEX unit_entries_by_line ON unit_entries (organization_id, line_id);
