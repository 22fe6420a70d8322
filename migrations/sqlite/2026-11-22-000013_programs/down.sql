ALTER TABLE encounters DROP COLUMN program;
ALTER TABLE encounters DROP COLUMN setting;
ALTER TABLE encounters DROP COLUMN mode;
ALTER TABLE encounters DROP COLUMN role;
ALTER TABLE episodes DROP COLUMN program;
DROP TABLE programs;
