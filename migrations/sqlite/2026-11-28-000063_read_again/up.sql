-- Days are packed in another way, with the lengths of their units, and visits are known with those lengths, with
-- what their claims were answered first, and as their claims state them (docs/adr/0137): all days are read again.
INSERT INTO report_marks SELECT organization_id, service_date FROM encounters
UNION SELECT organization_id, service_date FROM report_days;
