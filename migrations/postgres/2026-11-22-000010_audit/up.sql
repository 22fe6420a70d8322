-- Who did what, when, from which key: one row for each change and each export, in the transaction
-- of the change itself. Rows are added and never changed; the triggers refuse everything else.
CREATE TABLE audit_entries (
    id BIGINT NOT NULL PRIMARY KEY,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('key', 'command', 'worker')),
    key_id BIGINT REFERENCES api_keys (id),
    role TEXT,
    organization_id BIGINT REFERENCES organizations (id), -- none: of the service itself
    action TEXT NOT NULL,
    subject TEXT, -- the id of what was changed, as the API shows it
    detail TEXT NOT NULL, -- JSON: counts, names of fields, ids; never a value
    request_id TEXT,
    CHECK ((actor = 'key') = (key_id IS NOT NULL)),
    CHECK ((actor = 'key') = (role IS NOT NULL))
);
CREATE INDEX audit_entries_by_organization ON audit_entries (organization_id, id);
CREATE INDEX audit_entries_by_subject ON audit_entries (subject, id);
CREATE INDEX audit_entries_by_key ON audit_entries (key_id, id);
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are never changed or deleted';
END
$$;
CREATE TRIGGER audit_entries_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
