DROP TABLE hold_reasons;
DROP TABLE holds;
DROP TABLE encounter_overrides;
