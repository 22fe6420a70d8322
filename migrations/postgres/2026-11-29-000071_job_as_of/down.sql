ALTER TABLE report_jobs DROP COLUMN as_of;
