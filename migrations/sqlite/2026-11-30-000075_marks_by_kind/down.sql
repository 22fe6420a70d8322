DELETE FROM sqlite_stat1 WHERE tbl = 'marks' AND idx IN ('marks_by_depth', 'marks_by_kind');
DROP INDEX marks_by_kind;
DROP INDEX marks_by_depth;
ALTER TABLE marks DROP COLUMN kind;
