DROP INDEX marks_by_kind;
DROP INDEX marks_by_depth;
ALTER TABLE marks DROP COLUMN kind;
