-- INSERT OR REPLACE takes the row away that it replaces, and no DELETE trigger hears of it. So a row
-- is not added where one is, by its key or by SQLite's own number of it (-1 where none is given).
CREATE TRIGGER audit_entries_never_replaced BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id OR rowid = NEW.rowid)
BEGIN
    SELECT RAISE(ABORT, 'audit entries are never changed');
END;
CREATE TRIGGER encounter_overrides_never_replaced BEFORE INSERT ON encounter_overrides
WHEN EXISTS (
    SELECT 1 FROM encounter_overrides
    WHERE (organization_id = NEW.organization_id AND id = NEW.id) OR rowid = NEW.rowid
)
BEGIN
    SELECT RAISE(ABORT, 'overrides are kept for ever');
END;
