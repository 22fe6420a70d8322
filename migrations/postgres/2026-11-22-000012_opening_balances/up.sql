-- Units used before go-live. Each row is an entry of kind 'opening' in the unit ledger, and each
-- change of it an entry of kind 'adjust'; the row says what they come to.

CREATE TABLE opening_balances (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    payer_id BIGINT NOT NULL REFERENCES payers (id),
    member_number TEXT NOT NULL,
    service TEXT NOT NULL,
    opened_on DATE NOT NULL,
    authorization_id BIGINT,
    units BIGINT NOT NULL CHECK (units >= 0),
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, account_id) REFERENCES accounts (organization_id, id),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id),
    FOREIGN KEY (organization_id, authorization_id) REFERENCES authorizations (organization_id, id)
);
-- One for each date and account: those without an authorization and those of each one.
CREATE UNIQUE INDEX opening_balances_free
    ON opening_balances (organization_id, account_id, service, opened_on)
    WHERE authorization_id IS NULL;
CREATE UNIQUE INDEX opening_balances_authorized
    ON opening_balances (organization_id, account_id, service, opened_on, authorization_id)
    WHERE authorization_id IS NOT NULL;
CREATE INDEX opening_balances_by_member ON opening_balances (organization_id, member_id);
