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
CREATE FUNCTION claimed_sessions_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claimed_sessions
    SELECT o.organization_id, o.id, MAX(k.claim_id), o.started_at, o.ended_at, o.size
    FROM old_rows o
    JOIN new_rows n ON n.organization_id = o.organization_id AND n.id = o.id
        AND (n.started_at, n.ended_at, n.size) <> (o.started_at, o.ended_at, o.size)
    JOIN session_encounters m ON m.organization_id = o.organization_id AND m.session_id = o.id
    JOIN claim_line_parts p ON p.organization_id = m.organization_id AND p.encounter_id = m.encounter_id
    JOIN claim_lines k ON k.organization_id = p.organization_id AND k.id = p.claim_line_id
    GROUP BY o.organization_id, o.id, o.started_at, o.ended_at, o.size
    -- Between two claims what it was at the first of its changes stands.
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER claimed_sessions_of_changed AFTER UPDATE ON sessions
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION claimed_sessions_of_changed();

-- A session over midnight has visits of two days: both are read again when it changes.
CREATE FUNCTION report_marks_of_days_of_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_marks SELECT DISTINCT e.organization_id, e.service_date
        FROM new_rows s
        JOIN session_encounters m ON m.organization_id = s.organization_id AND m.session_id = s.id
        JOIN encounters e ON e.organization_id = m.organization_id AND e.id = m.encounter_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER report_marks_of_days_of_sessions AFTER UPDATE ON sessions
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION report_marks_of_days_of_sessions();

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
