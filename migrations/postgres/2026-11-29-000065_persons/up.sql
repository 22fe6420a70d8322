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

CREATE FUNCTION report_number_marks_of_rosters() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_number_marks SELECT DISTINCT k.payer_id, k.member_number FROM new_rows k
    WHERE EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = k.organization_id
        AND o.member_id = k.member_id AND o.payer_id = k.payer_id
        AND o.member_number <> k.member_number)
    OR EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = k.organization_id
        AND o.payer_id = k.payer_id AND o.member_number = k.member_number
        AND o.member_id <> k.member_id)
    OR EXISTS (SELECT 1 FROM report_persons p WHERE p.payer_id = k.payer_id
        AND p.member_number = k.member_number AND p.known_to IS NULL);
    RETURN NULL;
END
$$;
CREATE FUNCTION report_number_marks_of_left_rosters() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_number_marks SELECT DISTINCT k.payer_id, k.member_number FROM old_rows k
    WHERE EXISTS (SELECT 1 FROM report_persons p WHERE p.payer_id = k.payer_id
        AND p.member_number = k.member_number AND p.known_to IS NULL);
    RETURN NULL;
END
$$;
CREATE FUNCTION report_number_marks_of_told_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_number_marks SELECT DISTINCT k.payer_id, k.member_number
    FROM new_rows n JOIN old_rows c ON c.organization_id = n.organization_id AND c.id = n.id
        AND (c.status IN ('batched', 'withdrawn')) <> (n.status IN ('batched', 'withdrawn'))
    JOIN coverages k ON k.organization_id = n.organization_id AND k.member_id = n.member_id
        AND k.payer_id = n.payer_id
    WHERE EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = k.organization_id
        AND o.member_id = k.member_id AND o.payer_id = k.payer_id
        AND o.member_number <> k.member_number)
    OR EXISTS (SELECT 1 FROM coverages o WHERE o.organization_id = k.organization_id
        AND o.payer_id = k.payer_id AND o.member_number = k.member_number
        AND o.member_id <> k.member_id)
    OR EXISTS (SELECT 1 FROM report_persons p WHERE p.payer_id = k.payer_id
        AND p.member_number = k.member_number AND p.known_to IS NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER report_number_marks_of_new_coverages AFTER INSERT ON coverages
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION report_number_marks_of_rosters();
CREATE TRIGGER report_number_marks_of_changed_coverages AFTER UPDATE ON coverages
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION report_number_marks_of_rosters();
CREATE TRIGGER report_number_marks_of_left_coverages AFTER UPDATE ON coverages
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION report_number_marks_of_left_rosters();
CREATE TRIGGER report_number_marks_of_gone_coverages AFTER DELETE ON coverages
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION report_number_marks_of_left_rosters();
-- Numbers count as soon as the payer was told of their member.
CREATE TRIGGER report_number_marks_of_claims AFTER UPDATE ON claims
    REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION report_number_marks_of_told_claims();
