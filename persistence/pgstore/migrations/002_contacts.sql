-- Contacts: personal data under a grant in force that precedes it, or under the
-- policy of an owner who does not require consent. Ending the grant deletes the
-- contact by the cascade of its key.

-- +goose Up
SET LOCAL ROLE zgoda_owner;

-- Contacts collected where a site does not require consent name what said so.
CREATE TABLE zgoda.policy (
  site        text COLLATE "C" NOT NULL CONSTRAINT policy_has_a_site CHECK (site <> ''),
  policy      text COLLATE "C" NOT NULL CONSTRAINT policy_has_a_name CHECK (policy <> ''),
  first_used  timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, policy)
);
CREATE TRIGGER policy_never_changes BEFORE UPDATE OR DELETE ON zgoda.policy
  FOR EACH ROW EXECUTE FUNCTION zgoda.refuse('policy_never_changes');

CREATE TABLE zgoda.contact (
  site          text COLLATE "C" NOT NULL,
  visitor       text COLLATE "C" NOT NULL,
  basis         text COLLATE "C" GENERATED ALWAYS AS (CASE WHEN policy IS NULL THEN 'grant' ELSE 'policy' END) STORED,
  -- A grant of another purpose cannot carry a contact.
  purpose       zgoda.purpose GENERATED ALWAYS AS ('lead_contact'::zgoda.purpose) STORED,
  grant_id      text COLLATE "C",
  granted_vseq  bigint,
  policy        text COLLATE "C",
  vseq          bigint NOT NULL,
  conversation  text NOT NULL,
  collected_at  timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  restricted_at timestamptz,
  name          text,
  email         text,
  phone         text,
  custom        jsonb NOT NULL DEFAULT '{}' CONSTRAINT custom_is_an_object CHECK (jsonb_typeof(custom) = 'object'),
  -- The keyed hash of an address, to find it suppressed.
  email_hash    bytea CONSTRAINT email_hash_is_one CHECK (octet_length(email_hash) = 32),
  phone_hash    bytea CONSTRAINT phone_hash_is_one CHECK (octet_length(phone_hash) = 32),
  PRIMARY KEY (site, visitor, basis),
  CONSTRAINT contact_has_one_basis
    CHECK (num_nonnulls(grant_id, policy) = 1 AND (grant_id IS NULL) = (granted_vseq IS NULL)),
  CONSTRAINT contact_follows_grant CHECK (vseq > granted_vseq),
  CONSTRAINT address_of_a_channel CHECK ((email IS NULL) = (email_hash IS NULL) AND (phone IS NULL) = (phone_hash IS NULL)),
  CONSTRAINT contact_needs_grant FOREIGN KEY (site, visitor, purpose, grant_id, granted_vseq)
    REFERENCES zgoda.active_grant (site, visitor, purpose, grant_id, granted_vseq) ON DELETE CASCADE,
  CONSTRAINT contact_needs_policy FOREIGN KEY (site, policy) REFERENCES zgoda.policy (site, policy)
);

-- A grant ends with erasure, a policy does not. The visitor's row is locked, so
-- that an erasure comes before or after, and never between.
-- +goose StatementBegin
CREATE FUNCTION zgoda.not_after_erasure() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM 1 FROM zgoda.visitor v WHERE v.site = NEW.site AND v.visitor = NEW.visitor AND v.erased_at IS NULL FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'contact_not_after_erasure: there is no such visitor, or none any more'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'contact_not_after_erasure', TABLE = 'contact', SCHEMA = 'zgoda';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER contact_not_after_erasure BEFORE INSERT ON zgoda.contact
  FOR EACH ROW WHEN (NEW.policy IS NOT NULL) EXECUTE FUNCTION zgoda.not_after_erasure();
-- An older record does not overwrite a newer one.
CREATE TRIGGER contact_changes_in_order BEFORE UPDATE OF name, email, phone, custom, email_hash, phone_hash, policy, vseq ON zgoda.contact
  FOR EACH ROW WHEN (NEW.vseq <= OLD.vseq) EXECUTE FUNCTION zgoda.refuse('contact_changes_in_order');

-- What entries of the ledger do, in the statement that writes them, after it
-- chained them.
-- +goose StatementBegin
CREATE FUNCTION zgoda.take_effect() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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

-- A renewal keeps the grant's id and number, so contacts given before it stay.
CREATE FUNCTION zgoda.renew_grant(of_site text, of_visitor text, of_purpose zgoda.purpose, the_grant text, entry text, until timestamptz)
  RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE zgoda.active_grant g SET event_id = entry, valid_until = until
  WHERE g.site = of_site AND g.visitor = of_visitor AND g.purpose = of_purpose AND g.grant_id = the_grant;
  IF NOT FOUND THEN
    PERFORM zgoda.refuse_entry('renewal_of_a_grant_in_force');
  END IF;
END $$;

-- The base purpose carries the others: they end with it. Contacts go with their
-- grant, by the cascade of their key. What was collected under a policy goes with
-- a withdrawal too, since that is what was asked for.
CREATE FUNCTION zgoda.end_grants(of_site text, of_visitor text, of_purpose zgoda.purpose, how zgoda.kind, entry text, at timestamptz, by text)
  RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM zgoda.active_grant g WHERE g.site = of_site AND g.visitor = of_visitor
    AND (g.purpose = of_purpose OR of_purpose = 'lead_contact');
  IF of_purpose <> 'lead_contact' THEN
    RETURN;
  END IF;
  UPDATE zgoda.consent_status s SET status = how, event = entry, since = at, method = by, valid_until = NULL
  WHERE s.site = of_site AND s.visitor = of_visitor AND s.purpose <> 'lead_contact' AND s.status = 'granted';
  IF how IN ('withdrawn', 'erased') THEN
    DELETE FROM zgoda.contact c WHERE c.site = of_site AND c.visitor = of_visitor;
  END IF;
END $$;
-- +goose StatementEnd
CREATE TRIGGER take_effect AFTER INSERT ON zgoda.consent_event
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION zgoda.take_effect();

-- A visitor leaves when nothing is left that hangs on the name.
-- +goose StatementBegin
CREATE FUNCTION zgoda.keep_visitor() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' OR current_user <> 'zgoda_retention'
    OR EXISTS (SELECT FROM zgoda.consent_event e WHERE e.site = OLD.site AND e.visitor = OLD.visitor)
    OR EXISTS (SELECT FROM zgoda.contact c WHERE c.site = OLD.site AND c.visitor = OLD.visitor) THEN
    RAISE EXCEPTION 'visitor_is_kept: % is refused', lower(TG_OP)
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'visitor_is_kept', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
  END IF;
  RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER visitor_is_kept BEFORE DELETE ON zgoda.visitor FOR EACH ROW EXECUTE FUNCTION zgoda.keep_visitor();
CREATE TRIGGER visitor_not_truncated BEFORE TRUNCATE ON zgoda.visitor EXECUTE FUNCTION zgoda.keep_visitor();

-- Addresses that must not be written to, whoever agreed. It outlives erasure,
-- which is why it holds a keyed hash and not the address.
CREATE TABLE zgoda.suppression (
  site        text COLLATE "C" NOT NULL CONSTRAINT suppression_has_a_site CHECK (site <> ''),
  purpose     zgoda.purpose NOT NULL CONSTRAINT suppression_is_of_a_channel CHECK (purpose <> 'lead_contact'),
  address     bytea NOT NULL CONSTRAINT suppression_is_hashed CHECK (octet_length(address) = 32),
  reason      text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, purpose, address)
);
CREATE TRIGGER suppression_is_kept BEFORE UPDATE OR DELETE ON zgoda.suppression
  FOR EACH ROW EXECUTE FUNCTION zgoda.refuse('suppression_is_kept');

-- Which key the address hashes were made with: under another key nothing that
-- was suppressed would be found. One row, for all sites.
CREATE TABLE zgoda.blind_key (
  one   boolean PRIMARY KEY DEFAULT true CONSTRAINT one_blind_key CHECK (one),
  proof bytea NOT NULL CONSTRAINT blind_key_proof_is_one CHECK (octet_length(proof) = 32)
);

-- Records that can never be applied, and those of the same visitor that follow.
-- A record carries no contact value, so it is kept as it is.
CREATE TABLE zgoda.set_aside (
  site        text COLLATE "C" NOT NULL CONSTRAINT set_aside_has_a_site CHECK (site <> ''),
  visitor     text COLLATE "C" NOT NULL,
  vseq        bigint NOT NULL,
  reason      text NOT NULL,
  record      text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, visitor, vseq)
);

-- Who looked at or changed whose personal data, when and why. No values.
CREATE TABLE zgoda.audit (
  site        text COLLATE "C" NOT NULL CONSTRAINT audit_has_a_site CHECK (site <> ''),
  id          bigint GENERATED ALWAYS AS IDENTITY,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor       text NOT NULL CONSTRAINT audit_has_an_actor CHECK (actor <> ''),
  action      text NOT NULL CONSTRAINT audit_has_an_action CHECK (action <> ''),
  visitor     text COLLATE "C",
  reason      text NOT NULL DEFAULT '',
  PRIMARY KEY (site, id)
);
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON zgoda.audit
  FOR EACH ROW EXECUTE FUNCTION zgoda.refuse('audit_append_only');

-- +goose StatementBegin
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['policy', 'contact', 'suppression', 'set_aside', 'audit'] LOOP
    EXECUTE format('ALTER TABLE zgoda.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE zgoda.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY one_site ON zgoda.%I USING (site = current_setting(''zgoda.site''))', name);
  END LOOP;
END $$;
-- +goose StatementEnd
ALTER TABLE zgoda.blind_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE zgoda.blind_key FORCE ROW LEVEL SECURITY;
CREATE POLICY belongs_to_no_site ON zgoda.blind_key USING (true) WITH CHECK (true);

GRANT SELECT ON zgoda.policy, zgoda.contact, zgoda.suppression, zgoda.set_aside, zgoda.audit, zgoda.blind_key TO zgoda_app;
GRANT INSERT (site, policy, first_used) ON zgoda.policy TO zgoda_app;
GRANT INSERT (site, visitor, grant_id, granted_vseq, policy, vseq, conversation, collected_at, name, email, phone, custom, email_hash, phone_hash),
  UPDATE (policy, vseq, conversation, collected_at, restricted_at, name, email, phone, custom, email_hash, phone_hash),
  DELETE ON zgoda.contact TO zgoda_app;
GRANT INSERT (site, purpose, address, reason) ON zgoda.suppression TO zgoda_app;
GRANT INSERT (site, visitor, vseq, reason, record) ON zgoda.set_aside TO zgoda_app;
GRANT INSERT (site, actor, action, visitor, reason) ON zgoda.audit TO zgoda_app;
GRANT INSERT (proof) ON zgoda.blind_key TO zgoda_app;
GRANT DELETE ON zgoda.visitor TO zgoda_retention;
GRANT SELECT (site, visitor, basis, collected_at, vseq) ON zgoda.contact TO zgoda_retention;
GRANT SELECT ON zgoda.audit TO zgoda_retention;

RESET ROLE;

-- +goose Down
SET LOCAL ROLE zgoda_owner;
REVOKE DELETE ON zgoda.visitor FROM zgoda_retention;
DROP TRIGGER visitor_not_truncated ON zgoda.visitor;
DROP TRIGGER visitor_is_kept ON zgoda.visitor;
DROP TRIGGER take_effect ON zgoda.consent_event;
DROP FUNCTION zgoda.take_effect(), zgoda.keep_visitor(),
  zgoda.renew_grant(text, text, zgoda.purpose, text, text, timestamptz),
  zgoda.end_grants(text, text, zgoda.purpose, zgoda.kind, text, timestamptz, text);
DROP TABLE zgoda.audit, zgoda.set_aside, zgoda.blind_key, zgoda.suppression, zgoda.contact, zgoda.policy;
DROP FUNCTION zgoda.not_after_erasure();
RESET ROLE;
