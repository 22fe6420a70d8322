DROP TABLE corrections;
DROP TABLE decision_changes;
DROP TABLE marks;
