DROP TABLE unit_entries;
DROP TABLE accounts;
DROP TABLE decision_lines;
DROP TABLE decisions;
DROP TABLE encounters;
