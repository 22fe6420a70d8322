-- Sums of a day's minutes: which visits they hold, and lines of visits that add no unit to them.

-- A visit that adds nothing rides on the day's line with 0 units. SQLite cannot change a check; the
-- text of the table is changed as its manual describes for changes that touch no stored row
-- (lang_altertable, section 7, "Making Other Kinds Of Table Schema Changes").
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'CHECK (units > 0)', 'CHECK (units >= 0)')
WHERE type = 'table' AND name = 'decision_lines';
PRAGMA writable_schema = RESET;

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
