-- Members' consents to disclosures of substance-use records (42 CFR 2.31). What a consent says never
-- changes; only a revocation is added.

CREATE TABLE consents (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    recipient_id BIGINT REFERENCES payers (id), -- NULL: all payers
    purposes TEXT NOT NULL, -- JSON list
    services TEXT NOT NULL, -- JSON list of service keys; empty: all
    services_from DATE, -- service dates that it speaks of; NULL: all
    services_to DATE,
    valid_from DATE NOT NULL, -- days on which it permits disclosures
    valid_to DATE,
    obtained TEXT NOT NULL CHECK (obtained IN ('paper', 'electronic')),
    signer TEXT NOT NULL CHECK (signer IN ('member', 'representative')),
    revoked_at TIMESTAMP,
    revoke_reason TEXT,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, reference),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id)
);
CREATE INDEX consents_by_member ON consents (organization_id, member_id);
