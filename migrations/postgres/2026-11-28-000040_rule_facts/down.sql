ALTER TABLE day_visits DROP COLUMN min_minutes;
ALTER TABLE certificates DROP COLUMN endorsements;
ALTER TABLE certificates DROP COLUMN standing;
ALTER TABLE peers DROP COLUMN hired_on;
ALTER TABLE peers DROP COLUMN birth_date;
ALTER TABLE coverages DROP COLUMN known_on;
