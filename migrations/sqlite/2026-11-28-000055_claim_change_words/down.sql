ALTER TABLE claim_changes DROP COLUMN evidence;
ALTER TABLE claim_changes DROP COLUMN without_held;
