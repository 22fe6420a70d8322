DROP INDEX claims_by_date;
CREATE INDEX claims_by_date ON claims (organization_id, service_date);
