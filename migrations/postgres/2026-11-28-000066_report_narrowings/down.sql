ALTER TABLE report_jobs DROP COLUMN narrowings;
ALTER TABLE report_issues DROP COLUMN narrowings;
DROP TABLE report_narrowings;
