-- As of when the report is that a job came to, so that whoever asks for it as of then has the same bytes.
ALTER TABLE report_jobs ADD COLUMN as_of TIMESTAMP;
