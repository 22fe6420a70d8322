DROP TABLE enrollment_arrivals;
DROP TRIGGER report_marks_of_days_of_sessions ON sessions;
DROP FUNCTION report_marks_of_days_of_sessions();
DROP TRIGGER claimed_sessions_of_changed ON sessions;
DROP FUNCTION claimed_sessions_of_changed();
DROP TABLE claimed_sessions;
