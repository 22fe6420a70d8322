-- An override in force is also one of its kind: a row that would be a second one takes the first away
-- when it is added with OR REPLACE, and no DELETE trigger hears of it. So it is not added where one is.
CREATE TRIGGER encounter_overrides_live_never_replaced BEFORE INSERT ON encounter_overrides
WHEN NEW.revoked_at IS NULL AND EXISTS (
    SELECT 1 FROM encounter_overrides
    WHERE organization_id = NEW.organization_id AND encounter_id = NEW.encounter_id
        AND rule = NEW.rule AND content_hash = NEW.content_hash AND revoked_at IS NULL
)
BEGIN
    SELECT RAISE(ABORT, 'overrides are kept for ever');
END;
-- Who, why and of what stays as it was written, and so does its revocation: a row is changed once, when it is
-- revoked, for a reason. Then no change gives a row the key, the number or the place of another.
CREATE TRIGGER encounter_overrides_only_revoked BEFORE UPDATE ON encounter_overrides
WHEN OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR NEW.revoke_reason = ''
    OR NEW.rowid <> OLD.rowid OR NEW.organization_id <> OLD.organization_id OR NEW.id <> OLD.id
    OR NEW.encounter_id <> OLD.encounter_id OR NEW.rule <> OLD.rule
    OR NEW.content_hash <> OLD.content_hash OR NEW.reason <> OLD.reason
    OR NEW.key_id IS NOT OLD.key_id OR NEW.made_at <> OLD.made_at
BEGIN
    SELECT RAISE(ABORT, 'overrides are kept for ever');
END;
-- A row of the number -1 would be what every new row is compared with before it has a number (migration 69).
CREATE TRIGGER encounter_overrides_no_odd_number AFTER INSERT ON encounter_overrides
WHEN NEW.rowid < 0
BEGIN
    SELECT RAISE(ABORT, 'overrides are kept for ever');
END;
CREATE TRIGGER audit_entries_no_odd_number AFTER INSERT ON audit_entries
WHEN NEW.rowid < 0
BEGIN
    SELECT RAISE(ABORT, 'audit entries are never changed');
END;
