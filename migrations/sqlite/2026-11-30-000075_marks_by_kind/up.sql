-- A large change may set free what a hundred thousand marks stand for. While it is under way only people's changes
-- take turns, and these are found without a walk past all that waits; so are the few marks that are wide, and those
-- of people and visits, which a claim looks at before it is built.
-- A process of the version before says none.
ALTER TABLE marks ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE marks SET kind = CASE
    WHEN touched LIKE '{"member"%' THEN 'member'
    WHEN touched LIKE '{"peer"%' THEN 'peer'
    WHEN touched LIKE '{"payer"%' THEN 'payer'
    WHEN touched LIKE '{"encounter"%' THEN 'encounter'
    WHEN touched LIKE '"organization"%' THEN 'organization'
    ELSE 'freed'
END;
CREATE INDEX marks_by_depth ON marks (organization_id, depth, served_at, id);
CREATE INDEX marks_by_kind ON marks (organization_id, kind);
-- Of the shape of the new ones the planner is told as of the others (migration 19).
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('marks', 'marks_by_depth', '1000 100 50 10 1'),
    ('marks', 'marks_by_kind', '1000 100 10');
