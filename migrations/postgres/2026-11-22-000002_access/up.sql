-- Who may call: API keys, kept hashed; and answers kept under an Idempotency-Key.

CREATE TABLE api_keys (
    id BIGINT NOT NULL PRIMARY KEY,
    hash BYTEA NOT NULL, -- SHA-256 of the secret half
    role TEXT NOT NULL CHECK (role IN ('admin', 'submitter', 'biller', 'payer_analyst')),
    label TEXT NOT NULL,
    organization_id BIGINT REFERENCES organizations (id),
    payer_id BIGINT REFERENCES payers (id),
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP,
    CHECK ((role IN ('submitter', 'biller')) = (organization_id IS NOT NULL)),
    CHECK ((role = 'payer_analyst') = (payer_id IS NOT NULL))
);

CREATE TABLE idempotency_keys (
    api_key_id BIGINT NOT NULL REFERENCES api_keys (id),
    idempotency_key TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL, -- JSON
    body TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (api_key_id, idempotency_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Numbers that count starts and files; one row for each counter.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    next_value BIGINT NOT NULL
);
