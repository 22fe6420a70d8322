-- A claim counts until its replacement is released: its days, too, are read again then.
CREATE FUNCTION report_marks_of_replaced_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO report_marks SELECT DISTINCT k.organization_id, k.service_date
        FROM new_rows c JOIN claim_changes r
        ON r.organization_id = c.organization_id AND r.built_claim_id = c.id
            AND r.kind = 'replacement'
        JOIN claim_lines k
        ON k.organization_id = r.organization_id AND k.claim_id = r.claim_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER report_marks_of_replaced_claims AFTER UPDATE ON claims
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION report_marks_of_replaced_claims();
-- Claims whose replacement is not released now.
INSERT INTO report_marks SELECT DISTINCT k.organization_id, k.service_date
FROM claim_changes r JOIN claim_lines k
    ON k.organization_id = r.organization_id AND k.claim_id = r.claim_id
WHERE r.kind = 'replacement' AND r.state = 'built';
