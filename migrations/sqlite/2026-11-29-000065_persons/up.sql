-- Which numbers of a payer are of one person, and from which day on somebody else's (docs/adr/0140).

-- Numbers that are not simply a person each, as it was known from when to when. A row is never changed but
-- for its end.
CREATE TABLE report_persons (
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    member_number TEXT NOT NULL,
    valid_from DATE NOT NULL, -- the first day on which the number is this person's
    known_from TIMESTAMP NOT NULL, -- by the clock of the reports
    known_to TIMESTAMP,
    person TEXT NOT NULL,
    PRIMARY KEY (payer_id, member_number, valid_from, known_from)
);
CREATE INDEX report_persons_by_person ON report_persons (payer_id, person);

-- Numbers that a roster or a claim touched; written by triggers, taken away by whoever looks at them again.
CREATE TABLE report_number_marks (
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    member_number TEXT NOT NULL
);
CREATE INDEX report_number_marks_by_number ON report_number_marks (payer_id, member_number);

ALTER TABLE report_people RENAME COLUMN member_number TO person;

-- A number over all rosters, and the days on which it was billed.
CREATE INDEX coverages_by_payer_number ON coverages (payer_id, member_number);
CREATE INDEX claims_by_payer_number ON claims (payer_id, member_number);

-- Only numbers are looked at whose member has another one at the payer, that one roster has of two members,
-- or that are known not to be simply a person.
INSERT INTO report_number_marks SELECT DISTINCT k.payer_id, k.member_number FROM coverages k
WHERE EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = k.organization_id
        AND o.member_id = k.member_id AND o.payer_id = k.payer_id
        AND o.member_number <> k.member_number)
    OR EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = k.organization_id
        AND o.payer_id = k.payer_id AND o.member_number = k.member_number
        AND o.member_id <> k.member_id);

CREATE TRIGGER report_number_marks_of_new_coverages AFTER INSERT ON coverages
BEGIN
    INSERT INTO report_number_marks SELECT NEW.payer_id, NEW.member_number
    WHERE (EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = NEW.organization_id
        AND o.member_id = NEW.member_id AND o.payer_id = NEW.payer_id
        AND o.member_number <> NEW.member_number)
    OR EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = NEW.organization_id
        AND o.payer_id = NEW.payer_id AND o.member_number = NEW.member_number
        AND o.member_id <> NEW.member_id)
    OR EXISTS (SELECT 1 FROM report_persons p WHERE p.payer_id = NEW.payer_id
        AND p.member_number = NEW.member_number AND p.known_to IS NULL))
    AND NOT EXISTS (SELECT 1 FROM report_number_marks m WHERE m.payer_id = NEW.payer_id
        AND m.member_number = NEW.member_number);
END;
CREATE TRIGGER report_number_marks_of_changed_coverages AFTER UPDATE ON coverages
BEGIN
    INSERT INTO report_number_marks SELECT NEW.payer_id, NEW.member_number
    WHERE (EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = NEW.organization_id
        AND o.member_id = NEW.member_id AND o.payer_id = NEW.payer_id
        AND o.member_number <> NEW.member_number)
    OR EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = NEW.organization_id
        AND o.payer_id = NEW.payer_id AND o.member_number = NEW.member_number
        AND o.member_id <> NEW.member_id)
    OR EXISTS (SELECT 1 FROM report_persons p WHERE p.payer_id = NEW.payer_id
        AND p.member_number = NEW.member_number AND p.known_to IS NULL))
    AND NOT EXISTS (SELECT 1 FROM report_number_marks m WHERE m.payer_id = NEW.payer_id
        AND m.member_number = NEW.member_number);
    INSERT INTO report_number_marks SELECT OLD.payer_id, OLD.member_number
    WHERE EXISTS (SELECT 1 FROM report_persons p WHERE p.payer_id = OLD.payer_id
        AND p.member_number = OLD.member_number AND p.known_to IS NULL)
    AND NOT EXISTS (SELECT 1 FROM report_number_marks m WHERE m.payer_id = OLD.payer_id
        AND m.member_number = OLD.member_number);
END;
CREATE TRIGGER report_number_marks_of_gone_coverages AFTER DELETE ON coverages
BEGIN
    INSERT INTO report_number_marks SELECT OLD.payer_id, OLD.member_number
    WHERE EXISTS (SELECT 1 FROM report_persons p WHERE p.payer_id = OLD.payer_id
        AND p.member_number = OLD.member_number AND p.known_to IS NULL)
    AND NOT EXISTS (SELECT 1 FROM report_number_marks m WHERE m.payer_id = OLD.payer_id
        AND m.member_number = OLD.member_number);
END;
-- Numbers count as soon as the payer was told of their member.
CREATE TRIGGER report_number_marks_of_claims AFTER UPDATE OF status ON claims
WHEN (OLD.status IN ('batched', 'withdrawn')) <> (NEW.status IN ('batched', 'withdrawn'))
BEGIN
    INSERT INTO report_number_marks SELECT DISTINCT k.payer_id, k.member_number FROM coverages k
    WHERE k.organization_id = NEW.organization_id AND k.member_id = NEW.member_id
    AND k.payer_id = NEW.payer_id
    AND (EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = k.organization_id
        AND o.member_id = k.member_id AND o.payer_id = k.payer_id
        AND o.member_number <> k.member_number)
    OR EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = k.organization_id
        AND o.payer_id = k.payer_id AND o.member_number = k.member_number
        AND o.member_id <> k.member_id)
    OR EXISTS (SELECT 1 FROM report_persons p WHERE p.payer_id = k.payer_id
        AND p.member_number = k.member_number AND p.known_to IS NULL))
    AND NOT EXISTS (SELECT 1 FROM report_number_marks m WHERE m.payer_id = k.payer_id
        AND m.member_number = k.member_number);
END;
