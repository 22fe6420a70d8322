-- Days are packed in the way of before.
INSERT INTO report_marks SELECT organization_id, service_date FROM encounters
UNION SELECT organization_id, service_date FROM report_days;
