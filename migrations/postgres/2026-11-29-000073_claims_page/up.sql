-- The claims of a day are read page by page, in order of id. Without the id in the index each page sorted all that
-- was left of the day: an organization with thousands of claims a day waited for the square of them.
DROP INDEX claims_by_date;
CREATE INDEX claims_by_date ON claims (organization_id, service_date, id);
