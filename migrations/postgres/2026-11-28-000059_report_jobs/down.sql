DROP TABLE report_job_pieces;
DROP TABLE report_jobs;
