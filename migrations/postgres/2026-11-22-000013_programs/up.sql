-- Programs, sites and grants of an organization; and what reports group visits by, beside the
-- content that says it.

CREATE TABLE programs (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('program', 'site', 'grant')),
    valid_from DATE NOT NULL,
    valid_to DATE,
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, key)
);

ALTER TABLE episodes ADD COLUMN program TEXT;

ALTER TABLE encounters ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE encounters ADD COLUMN mode TEXT NOT NULL DEFAULT '';
ALTER TABLE encounters ADD COLUMN setting TEXT NOT NULL DEFAULT '';
ALTER TABLE encounters ADD COLUMN program TEXT;
UPDATE encounters SET
    role = CAST(content AS JSON) ->> 'role',
    mode = CAST(content AS JSON) ->> 'mode',
    setting = CAST(content AS JSON) ->> 'setting';
