-- How often a file that waited for its batch could not be applied: others come before it.
ALTER TABLE received_files ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
