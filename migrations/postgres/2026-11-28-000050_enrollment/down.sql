DROP TABLE enrollment_spans;
DROP TABLE enrollment_files;
