-- Overrides: a person's reasoned word against a rule, kept for ever; and holds, what waits of each
-- visit, written with the decision so that the worklist never reads a decision to find its rows.

CREATE TABLE encounter_overrides (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    rule TEXT NOT NULL,
    content_hash BYTEA NOT NULL, -- of the visit as it was: other content is another matter
    reason TEXT NOT NULL,
    key_id BIGINT REFERENCES api_keys (id),
    made_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    revoked_key_id BIGINT REFERENCES api_keys (id),
    revoke_reason TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
CREATE UNIQUE INDEX encounter_overrides_live
    ON encounter_overrides (organization_id, encounter_id, rule, content_hash)
    WHERE revoked_at IS NULL;
CREATE INDEX encounter_overrides_by_encounter ON encounter_overrides (organization_id, encounter_id);

-- One row for each visit of whose current decision something waits for a person.
CREATE TABLE holds (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    encounter_id BIGINT NOT NULL,
    payer_id BIGINT REFERENCES payers (id),
    whole BOOLEAN NOT NULL,
    units BIGINT NOT NULL,
    expected BIGINT, -- cents; none when not known
    unknown TEXT, -- why not
    overridable BOOLEAN NOT NULL, -- whether one of its reasons may be overridden
    due_day INTEGER, -- the filing deadline in days since 1970, so that days left are a difference
    PRIMARY KEY (organization_id, encounter_id),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES encounters (organization_id, id),
    CHECK ((expected IS NULL) = (unknown IS NOT NULL))
);
CREATE INDEX holds_by_deadline ON holds (organization_id, due_day, encounter_id);
CREATE INDEX holds_by_money ON holds (organization_id, expected, encounter_id);

-- Why each of them waits.
CREATE TABLE hold_reasons (
    organization_id BIGINT NOT NULL,
    encounter_id BIGINT NOT NULL,
    rule TEXT NOT NULL,
    overridable BOOLEAN NOT NULL,
    PRIMARY KEY (organization_id, encounter_id, rule),
    FOREIGN KEY (organization_id, encounter_id) REFERENCES holds (organization_id, encounter_id)
);
CREATE INDEX hold_reasons_by_rule ON hold_reasons (organization_id, rule, encounter_id);

-- The visits that are there already.
INSERT INTO holds
SELECT e.organization_id, e.id, e.payer_id, e.disposition = 'held', COALESCE(l.units, 0),
    CASE WHEN l.units IS NULL OR l.unpriced > 0 THEN NULL ELSE l.expected END,
    CASE WHEN l.units IS NULL THEN 'no_service' WHEN l.unpriced > 0 THEN 'no_rate' END,
    FALSE,
    e.file_by - DATE '1970-01-01'
FROM encounters e
LEFT JOIN (
    SELECT organization_id, encounter_id, decision_id, CAST(SUM(units) AS BIGINT) AS units,
        CAST(SUM(expected) AS BIGINT) AS expected,
        SUM(CASE WHEN unit_rate IS NULL OR charge = 0 THEN 1 ELSE 0 END) AS unpriced
    FROM decision_lines WHERE status = 'held' GROUP BY organization_id, encounter_id, decision_id
) l ON l.organization_id = e.organization_id AND l.encounter_id = e.id
    AND l.decision_id = e.decision_id
WHERE e.voided_at IS NULL AND (e.disposition = 'held' OR (e.disposition = 'ready' AND l.units > 0));

INSERT INTO hold_reasons
SELECT DISTINCT h.organization_id, h.encounter_id, f.value ->> 'rule', FALSE
FROM holds h
JOIN encounters e ON e.organization_id = h.organization_id AND e.id = h.encounter_id
JOIN decisions d ON d.organization_id = e.organization_id AND d.id = e.decision_id
CROSS JOIN LATERAL json_array_elements(d.answer::json -> 'findings') f
WHERE f.value ->> 'severity' = 'hold';

CREATE FUNCTION refuse_override_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'overrides are kept for ever';
END
$$;
CREATE TRIGGER encounter_overrides_never_go BEFORE DELETE OR TRUNCATE ON encounter_overrides
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_override_delete();
