-- An override in force is also one of its kind: a row that would be a second one takes the first away
-- when it is added or changed with OR REPLACE, and no DELETE trigger hears of it. So it is not added
-- where one is; and no change gives a row the key, the number or the place of another.
CREATE TRIGGER encounter_overrides_live_never_replaced BEFORE INSERT ON encounter_overrides
WHEN NEW.revoked_at IS NULL AND EXISTS (
    SELECT 1 FROM encounter_overrides
    WHERE organization_id = NEW.organization_id AND encounter_id = NEW.encounter_id
        AND rule = NEW.rule AND content_hash = NEW.content_hash AND revoked_at IS NULL
)
BEGIN
    SELECT RAISE(ABORT, 'overrides are kept for ever');
END;
CREATE TRIGGER encounter_overrides_never_displaced BEFORE UPDATE ON encounter_overrides
WHEN EXISTS (
    SELECT 1 FROM encounter_overrides
    WHERE rowid <> OLD.rowid AND (
        rowid = NEW.rowid
        OR (organization_id = NEW.organization_id AND id = NEW.id)
        OR (
            NEW.revoked_at IS NULL AND revoked_at IS NULL
            AND organization_id = NEW.organization_id AND encounter_id = NEW.encounter_id
            AND rule = NEW.rule AND content_hash = NEW.content_hash
        )
    )
)
BEGIN
    SELECT RAISE(ABORT, 'overrides are kept for ever');
END;
