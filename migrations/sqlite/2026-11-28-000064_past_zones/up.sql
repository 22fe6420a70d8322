-- Which zone an organization was in before it changed it: a report of then is made again with the days of then
-- (docs/adr/0138).
CREATE TABLE past_zones (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    known_to TIMESTAMP NOT NULL, -- by the clock of the reports
    zone TEXT NOT NULL,
    PRIMARY KEY (organization_id, known_to)
);
