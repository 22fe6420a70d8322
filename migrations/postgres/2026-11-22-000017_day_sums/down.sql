DROP TABLE day_visits;
ALTER TABLE decision_lines DROP CONSTRAINT decision_lines_units_check;
-- Lines of visits that rode on their day's sum stay as they are.
ALTER TABLE decision_lines
    ADD CONSTRAINT decision_lines_units_check CHECK (units > 0) NOT VALID;
