-- For which batches a file waits: one that is released is not held back by the others.
CREATE TABLE received_waits (
    organization_id BIGINT NOT NULL,
    received_id BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    PRIMARY KEY (organization_id, received_id, batch_id),
    FOREIGN KEY (organization_id, received_id) REFERENCES received_files (organization_id, id),
    FOREIGN KEY (organization_id, batch_id) REFERENCES batches (organization_id, id)
);
INSERT INTO received_waits (organization_id, received_id, batch_id)
SELECT organization_id, id, waits_for FROM received_files
WHERE state = 'waiting' AND waits_for IS NOT NULL;

-- Claims that a payment (835) names: the payer has them.
CREATE TABLE paid_claims (
    organization_id BIGINT NOT NULL,
    claim_id BIGINT NOT NULL,
    received_id BIGINT NOT NULL,
    PRIMARY KEY (organization_id, claim_id, received_id),
    FOREIGN KEY (organization_id, claim_id) REFERENCES claims (organization_id, id),
    FOREIGN KEY (organization_id, received_id) REFERENCES received_files (organization_id, id)
);
CREATE INDEX paid_claims_by_file ON paid_claims (organization_id, received_id);
