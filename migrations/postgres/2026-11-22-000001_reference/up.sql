-- Reference data. Every tenant-owned table has organization_id in its key, and references between
-- them are composite, so that a row can never point into another tenant.

CREATE TABLE organizations (
    id BIGINT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('test', 'live')),
    npi TEXT NOT NULL,
    ein TEXT NOT NULL,
    taxonomy TEXT NOT NULL,
    zone TEXT NOT NULL,
    part2 TEXT NOT NULL CHECK (part2 IN ('program', 'not_program', 'undeclared')),
    contact_name TEXT NOT NULL,
    contact_phone TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE locations (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    npi TEXT,
    line1 TEXT NOT NULL,
    line2 TEXT,
    city TEXT NOT NULL,
    state TEXT NOT NULL,
    zip TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, key)
);

CREATE TABLE payers (
    id BIGINT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    sandbox BOOLEAN NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE peers (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    npi TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    taxonomy TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, npi)
);

CREATE TABLE certificates (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    peer_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    number TEXT,
    valid_from DATE NOT NULL,
    valid_to DATE,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, peer_id, state, kind, valid_from),
    FOREIGN KEY (organization_id, peer_id) REFERENCES peers (organization_id, id)
);

CREATE TABLE members (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    birth_date DATE NOT NULL,
    gender TEXT NOT NULL CHECK (gender IN ('F', 'M', 'U')),
    line1 TEXT,
    line2 TEXT,
    city TEXT,
    state TEXT,
    zip TEXT,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, reference)
);

CREATE TABLE coverages (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    member_number TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    pay_order INTEGER NOT NULL CHECK (pay_order BETWEEN 1 AND 9),
    product TEXT,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, member_id, payer_id, member_number, valid_from),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id)
);
CREATE INDEX coverages_by_number ON coverages (organization_id, payer_id, member_number);

CREATE TABLE authorizations (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    number TEXT NOT NULL,
    services TEXT NOT NULL, -- JSON list of service keys; empty: all
    units BIGINT NOT NULL CHECK (units >= 0),
    valid_from DATE NOT NULL,
    valid_to DATE,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, payer_id, number),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id)
);
CREATE INDEX authorizations_by_member ON authorizations (organization_id, member_id);

CREATE TABLE packs (
    id BIGINT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    model TEXT NOT NULL, -- JSON of the typed model
    created_at TIMESTAMP NOT NULL,
    UNIQUE (key, version)
);

CREATE TABLE contracts (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, payer_id)
);

-- Immutable: rows are inserted and never changed.
CREATE TABLE contract_versions (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    contract_id BIGINT NOT NULL,
    pack_id BIGINT NOT NULL REFERENCES packs (id),
    effective_from DATE NOT NULL,
    effective_to DATE,
    supersedes_id BIGINT,
    terms TEXT NOT NULL, -- JSON of pack and agreement
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, contract_id) REFERENCES contracts (organization_id, id),
    FOREIGN KEY (organization_id, supersedes_id) REFERENCES contract_versions (organization_id, id)
);
CREATE INDEX contract_versions_by_contract ON contract_versions (organization_id, contract_id);
