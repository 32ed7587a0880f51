-- A contact is kept no longer than the notice promised under which it was given,
-- whatever the site says today.

-- +goose Up
SET LOCAL ROLE zgoda_owner;

-- promised_days() is for how many days at the most a notice promises to keep a
-- contact, NULL where its text does not say so.
-- +goose StatementBegin
CREATE FUNCTION zgoda.promised_days(canonical text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  days numeric;
BEGIN
  days := canonical::json #>> '{retention,contact_days}';
  RETURN CASE WHEN days BETWEEN 1 AND 100000 THEN trunc(days) END;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;
-- +goose StatementEnd
ALTER TABLE zgoda.notice ADD COLUMN contact_days integer GENERATED ALWAYS AS (zgoda.promised_days(canonical)) STORED;
-- A grant has the promise of the notice that was agreed to last, and a contact the
-- promise that its grant had; 0 is none. There are few different ones on a site, so
-- what is due is looked for under each, by age.
ALTER TABLE zgoda.active_grant ADD COLUMN contact_days integer NOT NULL DEFAULT 0;
ALTER TABLE zgoda.contact ADD COLUMN contact_days integer NOT NULL DEFAULT 0;
DROP INDEX zgoda.contact_by_age;
CREATE INDEX contact_by_promise ON zgoda.contact (site, contact_days, collected_at);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION zgoda.take_effect() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  e record;
BEGIN
  INSERT INTO zgoda.active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id, valid_until, contact_days)
  SELECT a.site, a.visitor, a.purpose, a.id, a.vseq, a.id, a.valid_until, coalesce(n.contact_days, 0)
  FROM added a LEFT JOIN zgoda.notice n ON n.site = a.site AND n.hash = a.notice WHERE a.kind = 'granted' AND a.grant_id = a.id;
  -- A request does not hide a grant in force, and a renewal does not change since
  -- when there is one.
  INSERT INTO zgoda.consent_status AS s (site, visitor, purpose, status, event, since, notice, locale, method, request, valid_until)
  SELECT DISTINCT ON (a.site, a.visitor, a.purpose) a.site, a.visitor, a.purpose, a.kind, a.id, a.occurred_at, a.notice, a.locale,
    a.method, CASE WHEN a.kind = 'requested' THEN a.id ELSE a.request END, a.valid_until
  FROM added a ORDER BY a.site, a.visitor, a.purpose, a.kind = 'granted' DESC, a.vseq DESC
  ON CONFLICT (site, visitor, purpose) DO UPDATE SET
    status = excluded.status, event = excluded.event, notice = excluded.notice, locale = excluded.locale,
    method = excluded.method, request = excluded.request, valid_until = excluded.valid_until,
    since = CASE WHEN s.status = 'granted' AND excluded.status = 'granted' THEN s.since ELSE excluded.since END
  WHERE NOT (s.status = 'granted' AND excluded.status IN ('requested', 'deferred'));
  FOR e IN SELECT a.* FROM added a WHERE a.kind NOT IN ('requested', 'deferred') AND NOT (a.kind = 'granted' AND a.grant_id = a.id) LOOP
    IF e.kind = 'granted' THEN
      PERFORM zgoda.renew_grant(e.site, e.visitor, e.purpose, e.grant_id, e.id, e.valid_until);
    ELSE
      PERFORM zgoda.end_grants(e.site, e.visitor, e.purpose, e.kind, e.id, e.occurred_at, e.method);
    END IF;
    -- What ends by time without a grant is a contact that was kept without asking.
    IF e.kind = 'expired' AND e.purpose = 'lead_contact' AND e.grant_id IS NULL THEN
      DELETE FROM zgoda.contact c WHERE c.site = e.site AND c.visitor = e.visitor;
    END IF;
    IF e.kind = 'erased' THEN
      UPDATE zgoda.visitor v SET erased_at = e.occurred_at WHERE v.site = e.site AND v.visitor = e.visitor;
      INSERT INTO zgoda.tombstone (site, visitor, entry, actor, method, erased_at, ledger_head)
      SELECT e.site, e.visitor, e.id, e.actor, e.method, e.occurred_at, v.last_hash
      FROM zgoda.visitor v WHERE v.site = e.site AND v.visitor = e.visitor;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION zgoda.renew_grant(of_site text, of_visitor text, of_purpose zgoda.purpose, the_grant text, entry text, until timestamptz)
  RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE zgoda.active_grant g SET event_id = entry, valid_until = until, contact_days = coalesce(
    (SELECT n.contact_days FROM zgoda.consent_event e JOIN zgoda.notice n ON n.site = e.site AND n.hash = e.notice
     WHERE e.site = of_site AND e.id = entry), 0)
  WHERE g.site = of_site AND g.visitor = of_visitor AND g.purpose = of_purpose AND g.grant_id = the_grant;
  IF NOT FOUND THEN
    PERFORM zgoda.refuse_entry('renewal_of_a_grant_in_force');
  END IF;
END $$;
-- +goose StatementEnd

-- What is there is given what its notice says. The owner is bound to one site by
-- FORCE, and grants to the ledger by their trigger; both are lifted for this
-- transaction alone.
ALTER TABLE zgoda.contact NO FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.active_grant NO FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.consent_event NO FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.notice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.active_grant DISABLE TRIGGER grant_is_written_by_ledger;
UPDATE zgoda.active_grant g SET contact_days = n.contact_days
  FROM zgoda.consent_event e JOIN zgoda.notice n ON n.site = e.site AND n.hash = e.notice
  WHERE e.site = g.site AND e.id = g.event_id AND n.contact_days IS NOT NULL;
UPDATE zgoda.contact c SET contact_days = g.contact_days
  FROM zgoda.active_grant g
  WHERE g.site = c.site AND g.visitor = c.visitor AND g.purpose = c.purpose AND g.grant_id = c.grant_id AND g.contact_days <> 0;
ALTER TABLE zgoda.active_grant ENABLE TRIGGER grant_is_written_by_ledger;
ALTER TABLE zgoda.contact FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.active_grant FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.consent_event FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.notice FORCE ROW LEVEL SECURITY;

GRANT INSERT (contact_days), UPDATE (contact_days) ON zgoda.contact TO zgoda_app;

RESET ROLE;

-- +goose Down
SET LOCAL ROLE zgoda_owner;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION zgoda.take_effect() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  e record;
BEGIN
  INSERT INTO zgoda.active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id, valid_until)
  SELECT a.site, a.visitor, a.purpose, a.id, a.vseq, a.id, a.valid_until FROM added a WHERE a.kind = 'granted' AND a.grant_id = a.id;
  -- A request does not hide a grant in force, and a renewal does not change since
  -- when there is one.
  INSERT INTO zgoda.consent_status AS s (site, visitor, purpose, status, event, since, notice, locale, method, request, valid_until)
  SELECT DISTINCT ON (a.site, a.visitor, a.purpose) a.site, a.visitor, a.purpose, a.kind, a.id, a.occurred_at, a.notice, a.locale,
    a.method, CASE WHEN a.kind = 'requested' THEN a.id ELSE a.request END, a.valid_until
  FROM added a ORDER BY a.site, a.visitor, a.purpose, a.kind = 'granted' DESC, a.vseq DESC
  ON CONFLICT (site, visitor, purpose) DO UPDATE SET
    status = excluded.status, event = excluded.event, notice = excluded.notice, locale = excluded.locale,
    method = excluded.method, request = excluded.request, valid_until = excluded.valid_until,
    since = CASE WHEN s.status = 'granted' AND excluded.status = 'granted' THEN s.since ELSE excluded.since END
  WHERE NOT (s.status = 'granted' AND excluded.status IN ('requested', 'deferred'));
  FOR e IN SELECT a.* FROM added a WHERE a.kind NOT IN ('requested', 'deferred') AND NOT (a.kind = 'granted' AND a.grant_id = a.id) LOOP
    IF e.kind = 'granted' THEN
      PERFORM zgoda.renew_grant(e.site, e.visitor, e.purpose, e.grant_id, e.id, e.valid_until);
    ELSE
      PERFORM zgoda.end_grants(e.site, e.visitor, e.purpose, e.kind, e.id, e.occurred_at, e.method);
    END IF;
    -- What ends by time without a grant is a contact that was kept without asking.
    IF e.kind = 'expired' AND e.purpose = 'lead_contact' AND e.grant_id IS NULL THEN
      DELETE FROM zgoda.contact c WHERE c.site = e.site AND c.visitor = e.visitor;
    END IF;
    IF e.kind = 'erased' THEN
      UPDATE zgoda.visitor v SET erased_at = e.occurred_at WHERE v.site = e.site AND v.visitor = e.visitor;
      INSERT INTO zgoda.tombstone (site, visitor, entry, actor, method, erased_at, ledger_head)
      SELECT e.site, e.visitor, e.id, e.actor, e.method, e.occurred_at, v.last_hash
      FROM zgoda.visitor v WHERE v.site = e.site AND v.visitor = e.visitor;
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION zgoda.renew_grant(of_site text, of_visitor text, of_purpose zgoda.purpose, the_grant text, entry text, until timestamptz)
  RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE zgoda.active_grant g SET event_id = entry, valid_until = until
  WHERE g.site = of_site AND g.visitor = of_visitor AND g.purpose = of_purpose AND g.grant_id = the_grant;
  IF NOT FOUND THEN
    PERFORM zgoda.refuse_entry('renewal_of_a_grant_in_force');
  END IF;
END $$;
-- +goose StatementEnd
DROP INDEX zgoda.contact_by_promise;
CREATE INDEX contact_by_age ON zgoda.contact (site, collected_at);
ALTER TABLE zgoda.contact DROP COLUMN contact_days;
ALTER TABLE zgoda.active_grant DROP COLUMN contact_days;
ALTER TABLE zgoda.notice DROP COLUMN contact_days;
DROP FUNCTION zgoda.promised_days(text);
RESET ROLE;
