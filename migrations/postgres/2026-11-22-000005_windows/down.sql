DROP TABLE shared_entries;
DROP TABLE shared_accounts;
DROP INDEX unit_entries_by_peer;
ALTER TABLE unit_entries
    DROP COLUMN payer_id,
    DROP COLUMN peer_id,
    DROP COLUMN modifiers,
    DROP COLUMN mode;
