DROP TRIGGER report_marks_of_replaced_claims ON claims;
DROP FUNCTION report_marks_of_replaced_claims();
