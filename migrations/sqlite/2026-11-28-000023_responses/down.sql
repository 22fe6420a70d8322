DROP TABLE responses;
DROP TABLE received_interchanges;
DROP TABLE received_files;
DROP INDEX batches_by_group;
ALTER TABLE batches DROP COLUMN acknowledged_at;
ALTER TABLE batches DROP COLUMN acknowledgment;
