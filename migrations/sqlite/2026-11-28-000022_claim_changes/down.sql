DROP TABLE claim_changes;
