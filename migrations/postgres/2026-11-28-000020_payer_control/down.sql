ALTER TABLE claims DROP COLUMN payer_control_by;
ALTER TABLE claims DROP COLUMN payer_control;
ALTER TABLE claims DROP COLUMN payer_control_first;
