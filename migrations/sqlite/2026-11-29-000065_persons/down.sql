DROP TRIGGER report_number_marks_of_claims;
DROP TRIGGER report_number_marks_of_gone_coverages;
DROP TRIGGER report_number_marks_of_changed_coverages;
DROP TRIGGER report_number_marks_of_new_coverages;
DROP INDEX claims_by_payer_number;
DROP INDEX coverages_by_payer_number;
ALTER TABLE report_people RENAME COLUMN person TO member_number;
DROP TABLE report_number_marks;
DROP TABLE report_persons;
