DROP TABLE day_visits;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'CHECK (units >= 0)', 'CHECK (units > 0)')
WHERE type = 'table' AND name = 'decision_lines';
PRAGMA writable_schema = RESET;
