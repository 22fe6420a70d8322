ALTER TABLE received_files DROP COLUMN tries;
