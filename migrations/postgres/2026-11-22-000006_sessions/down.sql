DROP TABLE session_encounters;
DROP TABLE sessions;
DROP TABLE encounter_revisions;
ALTER TABLE encounters DROP COLUMN content_sequence;
ALTER TABLE encounters DROP COLUMN revision;
