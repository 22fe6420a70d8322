-- What a biller says of a replacement or void: that it may leave out visits which are held, and how it
-- is known that the payer took it where no file of the payer says so.

ALTER TABLE claim_changes ADD COLUMN without_held BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE claim_changes ADD COLUMN evidence TEXT;
