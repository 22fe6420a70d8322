-- A claim counts until its replacement is released: its days, too, are read again then.
CREATE TRIGGER report_marks_of_replaced_claims AFTER UPDATE OF status ON claims
BEGIN
    INSERT INTO report_marks SELECT DISTINCT k.organization_id, k.service_date
    FROM claim_changes r JOIN claim_lines k
        ON k.organization_id = r.organization_id AND k.claim_id = r.claim_id
    WHERE r.organization_id = NEW.organization_id AND r.built_claim_id = NEW.id
        AND r.kind = 'replacement'
        AND NOT EXISTS (SELECT 1 FROM report_marks m WHERE m.organization_id = k.organization_id
            AND m.service_date = k.service_date);
END;
-- Claims whose replacement is not released now.
INSERT INTO report_marks SELECT DISTINCT k.organization_id, k.service_date
FROM claim_changes r JOIN claim_lines k
    ON k.organization_id = r.organization_id AND k.claim_id = r.claim_id
WHERE r.kind = 'replacement' AND r.state = 'built';
