-- A payer's reports of authorizations and enrollments are only of organizations that have or had a contract with it
-- (docs/adr/0153). What was made of them before may hold rows of others, and no wall counts what those say later: it
-- is closed for good, because what is known is never -1. Who named an organization with a contract has no other's rows.
UPDATE report_issues SET narrowings = -1
WHERE edition = 'payer' AND report IN ('authorizations', 'ending', 'pace', 'over_use', 'engagement')
    AND NOT EXISTS (SELECT 1 FROM contracts c
        WHERE c.organization_id = report_issues.organization_id AND c.payer_id = report_issues.payer_id);

-- Jobs that are not done have no file, and are made anew by whoever takes them.
UPDATE report_jobs SET narrowings = -1
WHERE edition = 'payer' AND report IN ('authorizations', 'ending', 'pace', 'over_use', 'engagement')
    AND state = 'done' AND NOT EXISTS (SELECT 1 FROM contracts c
        WHERE c.organization_id = report_jobs.organization_id AND c.payer_id = report_jobs.payer_id);
