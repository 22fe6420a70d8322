DROP TABLE report_issue_files;
DROP TABLE report_issues;
