-- What reports are made of (docs/adr/0075): what each visit was known to be and from when to when, days
-- packed for quick sums, and the marks of days that are to be read again.

-- The moment up to which the reports know everything that they ever will know of the time before it.
CREATE TABLE report_clock (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    as_of TIMESTAMP NOT NULL
);
INSERT INTO report_clock (id, as_of) VALUES (1, '2020-01-01 00:00:00');

-- Days of which something changed. Written by triggers, so that no path of writing can forget it; taken
-- away by whoever reads the day again. The same day may stand here several times.
CREATE TABLE report_marks (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    service_date DATE NOT NULL
);
CREATE INDEX report_marks_by_day ON report_marks (organization_id, service_date);

-- What a visit was known to be. A row is never changed but for its end.
CREATE TABLE report_facts (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    encounter_id BIGINT NOT NULL,
    known_from TIMESTAMP NOT NULL,
    known_to TIMESTAMP,
    service_date DATE NOT NULL,
    content TEXT NOT NULL, -- JSON
    PRIMARY KEY (organization_id, encounter_id, known_from)
);
CREATE INDEX report_facts_by_day ON report_facts (organization_id, service_date);

-- The sums of a day, packed: made again from the visits whenever the day was marked.
CREATE TABLE report_days (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    service_date DATE NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (organization_id, service_date)
);

-- Small numbers for people, so that different ones are counted with bits: of a roster, and of a payer.
CREATE TABLE report_roster (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    member_id BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (organization_id, member_id)
);
CREATE TABLE report_people (
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    member_number TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (payer_id, member_number)
);

-- The visits that are there already.
INSERT INTO report_marks SELECT DISTINCT organization_id, service_date FROM encounters;

CREATE TRIGGER report_marks_of_new_visits AFTER INSERT ON encounters
BEGIN
    INSERT INTO report_marks SELECT NEW.organization_id, NEW.service_date
    WHERE NOT EXISTS (SELECT 1 FROM report_marks m WHERE m.organization_id = NEW.organization_id
        AND m.service_date = NEW.service_date);
END;
CREATE TRIGGER report_marks_of_changed_visits AFTER UPDATE ON encounters
BEGIN
    INSERT INTO report_marks SELECT NEW.organization_id, NEW.service_date
    WHERE NOT EXISTS (SELECT 1 FROM report_marks m WHERE m.organization_id = NEW.organization_id
        AND m.service_date = NEW.service_date);
    INSERT INTO report_marks SELECT OLD.organization_id, OLD.service_date
    WHERE NOT EXISTS (SELECT 1 FROM report_marks m WHERE m.organization_id = OLD.organization_id
        AND m.service_date = OLD.service_date);
END;
CREATE TRIGGER report_marks_of_claims AFTER UPDATE OF status ON claims
BEGIN
    INSERT INTO report_marks SELECT DISTINCT k.organization_id, k.service_date FROM claim_lines k
    WHERE k.organization_id = NEW.organization_id AND k.claim_id = NEW.id
        AND NOT EXISTS (SELECT 1 FROM report_marks m WHERE m.organization_id = k.organization_id
            AND m.service_date = k.service_date);
END;
CREATE TRIGGER report_marks_of_sessions AFTER UPDATE ON sessions
BEGIN
    INSERT INTO report_marks SELECT NEW.organization_id, NEW.service_date
    WHERE NOT EXISTS (SELECT 1 FROM report_marks m WHERE m.organization_id = NEW.organization_id
        AND m.service_date = NEW.service_date);
    INSERT INTO report_marks SELECT OLD.organization_id, OLD.service_date
    WHERE NOT EXISTS (SELECT 1 FROM report_marks m WHERE m.organization_id = OLD.organization_id
        AND m.service_date = OLD.service_date);
END;
