DROP INDEX claim_lines_by_day;
