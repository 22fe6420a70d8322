-- What a session was when claims of its visits were made: those claims state it so, whatever it is since
-- (docs/adr/0145). Claims up to `claims_to`, in order of their making; never changed.
CREATE TABLE claimed_sessions (
    organization_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL,
    claims_to BIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (organization_id, session_id, claims_to),
    FOREIGN KEY (organization_id, session_id) REFERENCES sessions (organization_id, id)
);
CREATE TRIGGER claimed_sessions_of_changed AFTER UPDATE OF started_at, ended_at, size ON sessions
WHEN OLD.started_at <> NEW.started_at OR OLD.ended_at <> NEW.ended_at OR OLD.size <> NEW.size
BEGIN
    INSERT INTO claimed_sessions
    SELECT OLD.organization_id, OLD.id, c.claims_to, OLD.started_at, OLD.ended_at, OLD.size
    FROM (SELECT MAX(k.claim_id) AS claims_to FROM session_encounters m
        JOIN claim_line_parts p ON p.organization_id = m.organization_id
            AND p.encounter_id = m.encounter_id
        JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id
        WHERE m.organization_id = OLD.organization_id AND m.session_id = OLD.id) c
    -- Between two claims what it was at the first of its changes stands.
    WHERE c.claims_to IS NOT NULL AND NOT EXISTS (SELECT 1 FROM claimed_sessions s
        WHERE s.organization_id = OLD.organization_id AND s.session_id = OLD.id
        AND s.claims_to = c.claims_to);
END;

-- A session over midnight has visits of two days: both are read again when it changes.
CREATE TRIGGER report_marks_of_days_of_sessions AFTER UPDATE ON sessions
BEGIN
    INSERT INTO report_marks SELECT DISTINCT e.organization_id, e.service_date
    FROM session_encounters m
    JOIN encounters e ON e.organization_id = m.organization_id AND e.id = m.encounter_id
    WHERE m.organization_id = NEW.organization_id AND m.session_id = NEW.id
        AND NOT EXISTS (SELECT 1 FROM report_marks r WHERE r.organization_id = e.organization_id
            AND r.service_date = e.service_date);
END;

-- When a payer's enrollment file came, by the clock of the reports; one that is put back comes again.
CREATE TABLE enrollment_arrivals (
    file_id BIGINT NOT NULL REFERENCES enrollment_files (id),
    known_from TIMESTAMP NOT NULL,
    PRIMARY KEY (file_id, known_from)
);
INSERT INTO enrollment_arrivals SELECT id, received_at FROM enrollment_files;

-- Visits are known with the time that they took of their peers: all days are read again.
INSERT INTO report_marks SELECT organization_id, service_date FROM encounters
UNION SELECT organization_id, service_date FROM report_days;
