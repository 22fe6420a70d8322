-- Who, why and of what stays as it was written, and so does its revocation: a row is changed once, when it is
-- revoked, for a reason.
CREATE FUNCTION refuse_override_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR NEW.revoke_reason = ''
        OR (NEW.organization_id, NEW.id, NEW.encounter_id, NEW.rule, NEW.content_hash, NEW.reason,
            NEW.key_id, NEW.made_at)
        IS DISTINCT FROM (OLD.organization_id, OLD.id, OLD.encounter_id, OLD.rule, OLD.content_hash,
            OLD.reason, OLD.key_id, OLD.made_at)
    THEN
        RAISE EXCEPTION 'overrides are kept for ever';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER encounter_overrides_only_revoked BEFORE UPDATE ON encounter_overrides
    FOR EACH ROW EXECUTE FUNCTION refuse_override_update();
