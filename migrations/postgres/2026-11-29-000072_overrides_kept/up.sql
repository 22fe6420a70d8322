-- Nothing: PostgreSQL replaces no row but by an UPDATE or a DELETE, which the triggers refuse.
SELECT 1;
