-- The payer's own number of a claim, by which a replacement or void names it: the first one and the
-- latest, and who said so (a clearinghouse's word gives way to the payer's).
ALTER TABLE claims ADD COLUMN payer_control_first TEXT;
ALTER TABLE claims ADD COLUMN payer_control TEXT;
ALTER TABLE claims ADD COLUMN payer_control_by TEXT;
