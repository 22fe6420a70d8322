ALTER TABLE claim_changes DROP COLUMN note;
