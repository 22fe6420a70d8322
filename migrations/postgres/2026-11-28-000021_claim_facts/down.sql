ALTER TABLE claims DROP COLUMN detail;
ALTER TABLE programs DROP COLUMN location;
ALTER TABLE members DROP COLUMN claim_facts;
ALTER TABLE peers DROP COLUMN claim_facts;
