-- What a replacement or void says to the payer in words (NTE of loop 2300), where the biller wrote any.

ALTER TABLE claim_changes ADD COLUMN note TEXT;
