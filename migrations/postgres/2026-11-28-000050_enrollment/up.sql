-- Who was enrolled with a payer and when, as the payer's own files say (docs/adr/0102). A file is kept whole
-- and never changed; a later one takes its place for what is asked later. They are the payer's, no tenant's.
CREATE TABLE enrollment_files (
    id BIGINT NOT NULL PRIMARY KEY,
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    sha256 TEXT NOT NULL,
    -- The period that the file speaks of.
    from_date DATE NOT NULL,
    to_date DATE NOT NULL,
    spans BIGINT NOT NULL,
    members BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    UNIQUE (payer_id, sha256)
);
CREATE TABLE enrollment_spans (
    file_id BIGINT NOT NULL REFERENCES enrollment_files (id),
    member_number TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    PRIMARY KEY (file_id, member_number, valid_from)
);
