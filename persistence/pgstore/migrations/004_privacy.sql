-- What people ask of the store: pages and counts that stay fast however large a
-- site is, an address found by its hash, what is due, what was lost, and who
-- looked.

-- +goose Up
SET LOCAL ROLE zgoda_owner;

-- Records of a visitor that never came: the database was restored, and the outbox
-- no longer has them. What follows was let pass. What is lost may be a withdrawal,
-- so nobody is written to until they agree anew.
CREATE TABLE zgoda.lost (
  site        text COLLATE "C" NOT NULL CONSTRAINT lost_has_a_site CHECK (site <> ''),
  visitor     text COLLATE "C" NOT NULL,
  first_vseq  bigint NOT NULL,
  last_vseq   bigint NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, visitor, last_vseq),
  CONSTRAINT lost_is_something CHECK (0 < first_vseq AND first_vseq <= last_vseq)
);
-- +goose StatementBegin
CREATE FUNCTION zgoda.keep_lost() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'zgoda_retention' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'lost_is_kept: % is refused', lower(TG_OP)
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'lost_is_kept', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END $$;
-- +goose StatementEnd
CREATE TRIGGER lost_is_kept BEFORE UPDATE OR DELETE ON zgoda.lost FOR EACH ROW EXECUTE FUNCTION zgoda.keep_lost();

ALTER TABLE zgoda.audit ADD COLUMN people integer NOT NULL DEFAULT 0 CONSTRAINT audit_counts_people CHECK (people >= 0);
CREATE INDEX audit_of_visitor ON zgoda.audit (site, visitor, id) WHERE visitor IS NOT NULL;
CREATE INDEX audit_of_actor ON zgoda.audit (site, actor, id);

-- What finds an address, a status, what has run out and who was erased. That of
-- entries by time is of blocks and not of rows, since they come in that order.
CREATE INDEX contact_by_email ON zgoda.contact (site, email_hash) WHERE email_hash IS NOT NULL;
CREATE INDEX contact_by_phone ON zgoda.contact (site, phone_hash) WHERE phone_hash IS NOT NULL;
CREATE INDEX contact_by_age ON zgoda.contact (site, collected_at);
CREATE INDEX entry_by_age ON zgoda.consent_event USING brin (recorded_at) WITH (autosummarize = on);
-- Comparing an enum is not "leakproof", so under row security no index is used for
-- it; comparing text is.
ALTER TABLE zgoda.consent_status ADD COLUMN found_by text COLLATE "C" GENERATED ALWAYS AS (
  CASE purpose WHEN 'lead_contact' THEN 'lead_contact ' WHEN 'marketing_email' THEN 'marketing_email '
    WHEN 'marketing_phone' THEN 'marketing_phone ' WHEN 'marketing_sms' THEN 'marketing_sms ' END ||
  CASE status WHEN 'requested' THEN 'requested' WHEN 'granted' THEN 'granted' WHEN 'declined' THEN 'declined' WHEN 'deferred' THEN 'deferred'
    WHEN 'withdrawn' THEN 'withdrawn' WHEN 'expired' THEN 'expired' WHEN 'erased' THEN 'erased' END) STORED;
CREATE INDEX status_found ON zgoda.consent_status (site, found_by, visitor);
CREATE INDEX grant_by_end ON zgoda.active_grant (site, valid_until) WHERE valid_until IS NOT NULL;
CREATE INDEX visitor_erased ON zgoda.visitor (site, visitor) WHERE erased_at IS NOT NULL;
CREATE INDEX tombstone_by_age ON zgoda.tombstone (site, recorded_at);
CREATE INDEX set_aside_first ON zgoda.set_aside (site, visitor) WHERE vseq = 1;

-- How many visitors there are and where their consents stand. A row that is
-- counted up would make all flushes of a site wait for one another, so each
-- statement adds a line with its difference, and now and then the lines are
-- folded into the totals. Of the visitors as a whole purpose is empty. Nobody has
-- the right to write either; triggers do.
CREATE TABLE zgoda.count_total (
  site    text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  status  text COLLATE "C" NOT NULL,
  n       bigint NOT NULL,
  PRIMARY KEY (site, purpose, status)
);
CREATE TABLE zgoda.count_delta (
  site    text COLLATE "C" NOT NULL,
  id      bigint GENERATED ALWAYS AS IDENTITY,
  purpose text COLLATE "C" NOT NULL,
  status  text COLLATE "C" NOT NULL,
  n       bigint NOT NULL,
  PRIMARY KEY (site, id)
);

-- +goose StatementBegin
CREATE FUNCTION zgoda.count_statuses_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO zgoda.count_delta (site, purpose, status, n)
  SELECT a.site, a.purpose::text, a.status::text, count(*) FROM added a GROUP BY a.site, a.purpose, a.status;
  RETURN NULL;
END $$;
CREATE FUNCTION zgoda.count_statuses_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO zgoda.count_delta (site, purpose, status, n)
  SELECT c.site, c.purpose::text, c.status::text, sum(c.n) FROM (
    SELECT a.site, a.purpose, a.status, 1 AS n FROM added a UNION ALL SELECT g.site, g.purpose, g.status, -1 FROM gone g
  ) c GROUP BY c.site, c.purpose, c.status HAVING sum(c.n) <> 0;
  RETURN NULL;
END $$;
CREATE FUNCTION zgoda.count_statuses_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO zgoda.count_delta (site, purpose, status, n)
  SELECT g.site, g.purpose::text, g.status::text, -count(*) FROM gone g GROUP BY g.site, g.purpose, g.status;
  RETURN NULL;
END $$;
CREATE FUNCTION zgoda.count_visitors_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO zgoda.count_delta (site, purpose, status, n) SELECT a.site, '', 'seen', count(*) FROM added a GROUP BY a.site;
  RETURN NULL;
END $$;
CREATE FUNCTION zgoda.count_visitors_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO zgoda.count_delta (site, purpose, status, n)
  SELECT g.site, '', s.status, CASE s.status WHEN 'seen' THEN -count(*) ELSE -count(g.erased_at) END
  FROM gone g CROSS JOIN (VALUES ('seen'), ('erased')) s (status) GROUP BY g.site, s.status;
  RETURN NULL;
END $$;
-- Of somebody who was erased every purpose is: also what they declined.
CREATE FUNCTION zgoda.count_visitor_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO zgoda.count_delta (site, purpose, status, n) VALUES (NEW.site, '', 'erased', 1);
  UPDATE zgoda.consent_status s SET status = 'erased' WHERE s.site = NEW.site AND s.visitor = NEW.visitor AND s.status <> 'erased';
  RETURN NULL;
END $$;

-- fold_counts() folds the lines of the session's site into its totals. One does
-- it at a time; who comes while another does has nothing to do.
CREATE FUNCTION zgoda.fold_counts() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('zgoda.fold_counts:' || current_setting('zgoda.site'), 0)) THEN
    RETURN;
  END IF;
  WITH gone AS (
    DELETE FROM zgoda.count_delta d WHERE d.site = current_setting('zgoda.site') RETURNING d.site, d.purpose, d.status, d.n
  )
  INSERT INTO zgoda.count_total AS t (site, purpose, status, n)
  SELECT g.site, g.purpose, g.status, sum(g.n) FROM gone g GROUP BY g.site, g.purpose, g.status
  ON CONFLICT (site, purpose, status) DO UPDATE SET n = t.n + excluded.n;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION zgoda.fold_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION zgoda.fold_counts() TO zgoda_app;

CREATE TRIGGER count_added AFTER INSERT ON zgoda.consent_status
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION zgoda.count_statuses_added();
CREATE TRIGGER count_changed AFTER UPDATE ON zgoda.consent_status
  REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION zgoda.count_statuses_changed();
CREATE TRIGGER count_gone AFTER DELETE ON zgoda.consent_status
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION zgoda.count_statuses_gone();
CREATE TRIGGER count_added AFTER INSERT ON zgoda.visitor
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION zgoda.count_visitors_added();
CREATE TRIGGER count_gone AFTER DELETE ON zgoda.visitor
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION zgoda.count_visitors_gone();
CREATE TRIGGER count_erased AFTER UPDATE OF erased_at ON zgoda.visitor
  FOR EACH ROW WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL) EXECUTE FUNCTION zgoda.count_visitor_erased();
CREATE TRIGGER count_not_truncated BEFORE TRUNCATE ON zgoda.consent_status EXECUTE FUNCTION zgoda.refuse('count_not_truncated');

-- Count what is there. The owner is bound to one site by FORCE, which is lifted
-- for this transaction alone.
ALTER TABLE zgoda.visitor NO FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.consent_status NO FORCE ROW LEVEL SECURITY;
UPDATE zgoda.consent_status s SET status = 'erased' FROM zgoda.visitor v
  WHERE v.site = s.site AND v.visitor = s.visitor AND v.erased_at IS NOT NULL AND s.status <> 'erased';
DELETE FROM zgoda.count_delta;
INSERT INTO zgoda.count_total (site, purpose, status, n)
  SELECT site, purpose::text, status::text, count(*) FROM zgoda.consent_status GROUP BY site, purpose, status
  UNION ALL SELECT site, '', 'seen', count(*) FROM zgoda.visitor GROUP BY site
  UNION ALL SELECT site, '', 'erased', count(erased_at) FROM zgoda.visitor GROUP BY site;
ALTER TABLE zgoda.visitor FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.consent_status FORCE ROW LEVEL SECURITY;

-- A restriction is the person's and not one contact's, and what was lost may be a
-- withdrawal: until a consent that is newer, nobody is written to.
CREATE OR REPLACE VIEW zgoda.marketing_contact WITH (security_barrier) AS
SELECT g.site, g.visitor, g.purpose, c.name, c.email, c.phone, c.custom, e.id AS consent_event, e.occurred_at AS consented_at
FROM zgoda.active_grant g
JOIN zgoda.active_grant b ON b.site = g.site AND b.visitor = g.visitor AND b.purpose = 'lead_contact'
JOIN zgoda.contact c ON c.site = b.site AND c.visitor = b.visitor AND c.grant_id = b.grant_id AND c.granted_vseq = b.granted_vseq
JOIN zgoda.visitor v ON v.site = g.site AND v.visitor = g.visitor
JOIN zgoda.consent_event e ON e.site = g.site AND e.id = g.event_id
WHERE g.purpose <> 'lead_contact'
  AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())
  AND (b.valid_until IS NULL OR b.valid_until > statement_timestamp())
  AND v.erased_at IS NULL
  AND NOT EXISTS (SELECT FROM zgoda.contact r WHERE r.site = g.site AND r.visitor = g.visitor AND r.restricted_at IS NOT NULL)
  AND CASE g.purpose WHEN 'marketing_email' THEN c.email ELSE c.phone END IS NOT NULL
  AND NOT EXISTS (SELECT FROM zgoda.suppression s WHERE s.site = g.site AND s.purpose = g.purpose
                  AND s.address = CASE g.purpose WHEN 'marketing_email' THEN c.email_hash ELSE c.phone_hash END)
  -- What was set aside may be a withdrawal.
  AND NOT EXISTS (SELECT FROM zgoda.set_aside x WHERE x.site = g.site AND x.visitor = g.visitor)
  AND NOT EXISTS (SELECT FROM zgoda.lost l JOIN zgoda.consent_event o ON o.site = b.site AND o.id = b.event_id
                  WHERE l.site = g.site AND l.visitor = g.visitor AND l.last_vseq > least(e.vseq, o.vseq));

-- +goose StatementBegin
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['lost', 'count_total', 'count_delta'] LOOP
    EXECUTE format('ALTER TABLE zgoda.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE zgoda.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY one_site ON zgoda.%I USING (site = current_setting(''zgoda.site''))', name);
  END LOOP;
END $$;
-- +goose StatementEnd

GRANT SELECT ON zgoda.lost, zgoda.count_total, zgoda.count_delta TO zgoda_app;
GRANT INSERT (site, visitor, first_vseq, last_vseq) ON zgoda.lost TO zgoda_app;
GRANT INSERT (people) ON zgoda.audit TO zgoda_app;
GRANT SELECT, DELETE ON zgoda.lost TO zgoda_retention;
GRANT SELECT ON zgoda.active_grant, zgoda.set_aside TO zgoda_retention;
GRANT INSERT (site, actor, action, visitor, reason, people) ON zgoda.audit TO zgoda_retention;

RESET ROLE;

-- +goose Down
SET LOCAL ROLE zgoda_owner;
CREATE OR REPLACE VIEW zgoda.marketing_contact WITH (security_barrier) AS
SELECT g.site, g.visitor, g.purpose, c.name, c.email, c.phone, c.custom, e.id AS consent_event, e.occurred_at AS consented_at
FROM zgoda.active_grant g
JOIN zgoda.active_grant b ON b.site = g.site AND b.visitor = g.visitor AND b.purpose = 'lead_contact'
JOIN zgoda.contact c ON c.site = b.site AND c.visitor = b.visitor AND c.grant_id = b.grant_id AND c.granted_vseq = b.granted_vseq
JOIN zgoda.visitor v ON v.site = g.site AND v.visitor = g.visitor
JOIN zgoda.consent_event e ON e.site = g.site AND e.id = g.event_id
WHERE g.purpose <> 'lead_contact'
  AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())
  AND (b.valid_until IS NULL OR b.valid_until > statement_timestamp())
  AND v.erased_at IS NULL
  AND c.restricted_at IS NULL
  AND CASE g.purpose WHEN 'marketing_email' THEN c.email ELSE c.phone END IS NOT NULL
  AND NOT EXISTS (SELECT FROM zgoda.suppression s WHERE s.site = g.site AND s.purpose = g.purpose
                  AND s.address = CASE g.purpose WHEN 'marketing_email' THEN c.email_hash ELSE c.phone_hash END)
  AND NOT EXISTS (SELECT FROM zgoda.set_aside x WHERE x.site = g.site AND x.visitor = g.visitor);
REVOKE SELECT ON zgoda.active_grant, zgoda.set_aside FROM zgoda_retention;
REVOKE INSERT (site, actor, action, visitor, reason, people) ON zgoda.audit FROM zgoda_retention;
DROP TRIGGER count_added ON zgoda.consent_status;
DROP TRIGGER count_changed ON zgoda.consent_status;
DROP TRIGGER count_gone ON zgoda.consent_status;
DROP TRIGGER count_not_truncated ON zgoda.consent_status;
DROP TRIGGER count_added ON zgoda.visitor;
DROP TRIGGER count_gone ON zgoda.visitor;
DROP TRIGGER count_erased ON zgoda.visitor;
DROP INDEX zgoda.audit_of_visitor, zgoda.audit_of_actor, zgoda.contact_by_email, zgoda.contact_by_phone, zgoda.contact_by_age,
  zgoda.entry_by_age, zgoda.status_found, zgoda.grant_by_end, zgoda.visitor_erased, zgoda.tombstone_by_age, zgoda.set_aside_first;
ALTER TABLE zgoda.consent_status DROP COLUMN found_by;
ALTER TABLE zgoda.audit DROP COLUMN people;
DROP TABLE zgoda.count_delta, zgoda.count_total, zgoda.lost;
DROP FUNCTION zgoda.count_statuses_added(), zgoda.count_statuses_changed(), zgoda.count_statuses_gone(), zgoda.count_visitors_added(),
  zgoda.count_visitors_gone(), zgoda.count_visitor_erased(), zgoda.fold_counts(), zgoda.keep_lost();
RESET ROLE;
