-- The stamps of migration 76, with the time as SQLite before 3.42 tells it too: by unixepoch('subsec'), which is NULL
-- there, whoever changed a row by hand with such a program was refused, or (UPDATE OR IGNORE) not seen.
DROP TRIGGER stamp_of_new_members;
DROP TRIGGER stamp_of_changed_members;
DROP TRIGGER stamp_of_gone_members;
DROP TRIGGER stamp_of_new_coverages;
DROP TRIGGER stamp_of_changed_coverages;
DROP TRIGGER stamp_of_gone_coverages;
DROP TRIGGER stamp_of_new_peers;
DROP TRIGGER stamp_of_changed_peers;
DROP TRIGGER stamp_of_gone_peers;
DROP TRIGGER stamp_of_new_certificates;
DROP TRIGGER stamp_of_changed_certificates;
DROP TRIGGER stamp_of_gone_certificates;
DROP TRIGGER stamp_of_new_programs;
DROP TRIGGER stamp_of_changed_programs;
DROP TRIGGER stamp_of_gone_programs;
DROP TRIGGER stamp_of_new_episodes;
DROP TRIGGER stamp_of_changed_episodes;
DROP TRIGGER stamp_of_gone_episodes;
DROP TRIGGER stamp_of_new_consents;
DROP TRIGGER stamp_of_changed_consents;
DROP TRIGGER stamp_of_gone_consents;
DROP TRIGGER stamp_of_new_authorizations;
DROP TRIGGER stamp_of_changed_authorizations;
DROP TRIGGER stamp_of_gone_authorizations;
DROP TRIGGER stamp_of_new_documents;
DROP TRIGGER stamp_of_changed_documents;
DROP TRIGGER stamp_of_gone_documents;
DROP TRIGGER stamp_of_new_contracts;
DROP TRIGGER stamp_of_changed_contracts;
DROP TRIGGER stamp_of_gone_contracts;
DROP TRIGGER stamp_of_new_contract_versions;
DROP TRIGGER stamp_of_changed_contract_versions;
DROP TRIGGER stamp_of_gone_contract_versions;

CREATE TRIGGER stamp_of_new_members AFTER INSERT ON members
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_members AFTER UPDATE ON members
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_members AFTER DELETE ON members
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_coverages AFTER INSERT ON coverages
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_coverages AFTER UPDATE ON coverages
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_coverages AFTER DELETE ON coverages
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_peers AFTER INSERT ON peers
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_peers AFTER UPDATE ON peers
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_peers AFTER DELETE ON peers
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_certificates AFTER INSERT ON certificates
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_certificates AFTER UPDATE ON certificates
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_certificates AFTER DELETE ON certificates
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_programs AFTER INSERT ON programs
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_programs AFTER UPDATE ON programs
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_programs AFTER DELETE ON programs
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_episodes AFTER INSERT ON episodes
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_episodes AFTER UPDATE ON episodes
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_episodes AFTER DELETE ON episodes
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_consents AFTER INSERT ON consents
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_consents AFTER UPDATE ON consents
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_consents AFTER DELETE ON consents
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_authorizations AFTER INSERT ON authorizations
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_authorizations AFTER UPDATE ON authorizations
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_authorizations AFTER DELETE ON authorizations
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_documents AFTER INSERT ON documents
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_documents AFTER UPDATE ON documents
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_documents AFTER DELETE ON documents
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_contracts AFTER INSERT ON contracts
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_contracts AFTER UPDATE ON contracts
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_contracts AFTER DELETE ON contracts
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_new_contract_versions AFTER INSERT ON contract_versions
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_changed_contract_versions AFTER UPDATE ON contract_versions
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (NEW.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
CREATE TRIGGER stamp_of_gone_contract_versions AFTER DELETE ON contract_versions
BEGIN
    INSERT INTO fact_stamps (organization_id, stamp) VALUES (OLD.organization_id, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))
    ON CONFLICT (organization_id) DO UPDATE SET stamp = MAX(stamp + 1, excluded.stamp);
END;
