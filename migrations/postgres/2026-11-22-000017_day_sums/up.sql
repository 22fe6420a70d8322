-- Sums of a day's minutes: which visits they hold, and lines of visits that add no unit to them.

-- A visit that adds nothing rides on the day's line with 0 units.
ALTER TABLE decision_lines DROP CONSTRAINT decision_lines_units_check;
ALTER TABLE decision_lines ADD CONSTRAINT decision_lines_units_check CHECK (units >= 0);

-- The visits whose minutes are in the sum of a day; a row goes when its visit is left out.
CREATE TABLE day_visits (
    organization_id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    service_date DATE NOT NULL,
    sum_key TEXT NOT NULL, -- coverage, service with modifiers, place, location and peer
    unit_minutes BIGINT NOT NULL,
    rounding TEXT NOT NULL,
    PRIMARY KEY (organization_id, encounter_id),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id)
);
CREATE INDEX day_visits_by_member ON day_visits (organization_id, member_id, service_date);
