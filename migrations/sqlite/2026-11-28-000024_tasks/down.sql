DROP INDEX responses_to_ask;
ALTER TABLE batches DROP COLUMN status_by;
ALTER TABLE batches DROP COLUMN acknowledge_by;
