-- What claims say of people and places beside the usual, where a payer asks for it: supervisors and
-- the payers' numbers of peers, who refers or orders for members, where programs are.
ALTER TABLE peers ADD COLUMN claim_facts TEXT; -- JSON
ALTER TABLE members ADD COLUMN claim_facts TEXT; -- JSON
ALTER TABLE programs ADD COLUMN location TEXT;
-- What a claim says beside its document; nothing where it says no more.
ALTER TABLE claims ADD COLUMN detail TEXT; -- JSON
