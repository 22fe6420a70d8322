-- Replacements and voids of claims: asked for with a reason, then built as a claim of their own. What
-- the visits were before is kept, so that a claim that is withdrawn or rejected leaves them as they were.
CREATE TABLE claim_changes (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    claim_id BIGINT NOT NULL, -- the claim that is replaced or voided
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    member_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    is_open BOOLEAN NOT NULL, -- prepared or built
    reason TEXT NOT NULL,
    visits TEXT NOT NULL, -- what becomes of the visits of a voided claim
    voids TEXT NOT NULL, -- JSON: visits that the replacement leaves out, with reasons
    problem TEXT, -- why it could not be built
    built_claim_id BIGINT,
    before TEXT, -- JSON: the visits as they were when it was built
    asked_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, claim_id) REFERENCES claims (organization_id, id),
    FOREIGN KEY (organization_id, built_claim_id) REFERENCES claims (organization_id, id),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id)
);
-- One open version of a claim at a time.
CREATE UNIQUE INDEX claim_changes_open ON claim_changes (organization_id, claim_id) WHERE is_open;
CREATE INDEX claim_changes_by_claim ON claim_changes (organization_id, claim_id);
CREATE UNIQUE INDEX claim_changes_by_built ON claim_changes (organization_id, built_claim_id)
    WHERE built_claim_id IS NOT NULL;
