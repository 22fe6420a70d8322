DROP TABLE claim_line_parts;
DROP TABLE claim_lines;
DROP TABLE claims;
DROP TABLE batches;
DROP TABLE file_chunks;
DROP TABLE files;
