-- Orders, plans, assessments, notices, relationships, supervision and accreditation: who and when, and
-- the few figures that a payer's rule asks for. Never their text.

CREATE TABLE documents (
    organization_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    member_id BIGINT, -- whom it is about; NULL: about no member
    peer_id BIGINT,
    valid_from DATE NOT NULL,
    valid_to DATE,
    signed_on DATE,
    content TEXT NOT NULL, -- JSON of what its kind says
    revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, reference),
    FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id),
    FOREIGN KEY (organization_id, peer_id) REFERENCES peers (organization_id, id)
);
CREATE INDEX documents_by_member ON documents (organization_id, member_id);
CREATE INDEX documents_by_peer ON documents (organization_id, peer_id);
