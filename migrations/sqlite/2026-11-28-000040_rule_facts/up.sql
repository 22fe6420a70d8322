-- Facts that rules as payers write them look at: when the organization came to know of a coverage, the
-- peer's age and first day of work, what a certificate is good for, and the least time of a day.

ALTER TABLE coverages ADD COLUMN known_on DATE;
ALTER TABLE peers ADD COLUMN birth_date DATE;
ALTER TABLE peers ADD COLUMN hired_on DATE;
ALTER TABLE certificates ADD COLUMN standing TEXT NOT NULL DEFAULT 'active';
ALTER TABLE certificates ADD COLUMN endorsements TEXT NOT NULL DEFAULT '[]'; -- JSON list of keys
ALTER TABLE day_visits ADD COLUMN min_minutes BIGINT NOT NULL DEFAULT 0;
