DROP TRIGGER encounter_overrides_only_revoked ON encounter_overrides;
DROP FUNCTION refuse_override_update();
