-- What is on record of an organization's people, papers, programs and contracts is kept in memory by each
-- process, as long as the organization's stamp here is the one that it was read under (docs/adr/0160). Whatever
-- changes one of these tables, by whichever hand, moves the stamp.
CREATE TABLE fact_stamps (
    organization_id BIGINT NOT NULL PRIMARY KEY,
    stamp BIGINT NOT NULL -- goes up with each transaction that changes something
);

CREATE FUNCTION stamp_facts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    organization BIGINT;
    -- The time, in microseconds: a number that was lost with a server's last commits is not given again.
    moment BIGINT := (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN organization := OLD.organization_id;
    ELSE organization := NEW.organization_id;
    END IF;
    -- Once in a transaction: many updates of one row would each walk past all before it.
    INSERT INTO fact_stamps AS f (organization_id, stamp) VALUES (organization, moment)
    ON CONFLICT (organization_id) DO UPDATE SET stamp = GREATEST(f.stamp + 1, moment)
    WHERE f.xmin::text <> (pg_current_xact_id()::text::bigint % 4294967296)::text;
    RETURN NULL;
END
$$;

INSERT INTO fact_stamps SELECT id, 1 FROM organizations;

-- A later migration that changes rows of these tables and alters the table in one transaction says
-- SET CONSTRAINTS ALL IMMEDIATE in between.
-- At the end of a transaction, so that two of them never hold the stamp while one waits for what the other has
-- locked.
CREATE CONSTRAINT TRIGGER stamp_of_members AFTER INSERT OR UPDATE OR DELETE ON members
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_coverages AFTER INSERT OR UPDATE OR DELETE ON coverages
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_peers AFTER INSERT OR UPDATE OR DELETE ON peers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_certificates AFTER INSERT OR UPDATE OR DELETE ON certificates
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_programs AFTER INSERT OR UPDATE OR DELETE ON programs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_episodes AFTER INSERT OR UPDATE OR DELETE ON episodes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_consents AFTER INSERT OR UPDATE OR DELETE ON consents
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_authorizations AFTER INSERT OR UPDATE OR DELETE ON authorizations
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_documents AFTER INSERT OR UPDATE OR DELETE ON documents
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_contracts AFTER INSERT OR UPDATE OR DELETE ON contracts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
CREATE CONSTRAINT TRIGGER stamp_of_contract_versions AFTER INSERT OR UPDATE OR DELETE ON contract_versions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_facts();
