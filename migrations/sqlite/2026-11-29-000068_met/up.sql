-- What the claims of a day state is found by the day of their lines; by their first day, all claims of a month
-- were looked at for each day.
CREATE INDEX claim_lines_by_day ON claim_lines (organization_id, service_date);
-- Without figures the planner would take the index by organization alone for the best of all (migration 19).
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('claim_lines', 'claim_lines_by_day', '10000000 1000000 2739');

-- Whoever was not met is known as absent: the days of calls without contact, of notes and of training are read
-- again.
INSERT INTO report_marks SELECT DISTINCT organization_id, service_date FROM encounters
WHERE content LIKE '%"kind":{"activity":"no_contact"}%' OR content LIKE '%"kind":{"activity":"documentation"}%'
    OR content LIKE '%"kind":{"activity":"staff_training"}%';
