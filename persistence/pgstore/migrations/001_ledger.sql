-- Roles, and the ledger of consents: who was shown which words, and what they
-- answered. A rule that matters is a key, a constraint or a trigger here, so
-- that a row which must not exist cannot be written by any code.
--
-- Nobody logs in as zgoda_owner. It owns everything and is bound by row
-- security like everybody else (FORCE), so that neither a trigger nor a view
-- that runs with its rights sees another site.

-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE
  name text;
BEGIN
  -- Roles belong to the cluster and not to this database: another database may
  -- have made them, and another migration may be making them now.
  FOREACH name IN ARRAY ARRAY['zgoda_owner', 'zgoda_app', 'zgoda_marketing', 'zgoda_retention'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END;
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname LIKE 'zgoda\_%' AND (rolsuper OR rolbypassrls)) THEN
    RAISE EXCEPTION 'a role zgoda_… is superuser or bypasses row security; take that away first';
  END IF;
  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'the database is encoded in %, Zgoda needs UTF8', current_setting('server_encoding');
  END IF;
  IF NOT pg_has_role(current_user, 'zgoda_owner', 'MEMBER') THEN
    EXECUTE format('GRANT zgoda_owner TO %I', current_user);
  END IF;
END $$;
-- +goose StatementEnd

GRANT USAGE, CREATE ON SCHEMA zgoda TO zgoda_owner;
GRANT USAGE ON SCHEMA zgoda TO zgoda_app, zgoda_marketing, zgoda_retention;
-- Whoever opens the store asks which version it is.
GRANT SELECT ON zgoda.schema_version TO zgoda_app;
ALTER TABLE zgoda.schema_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE zgoda.schema_version FORCE ROW LEVEL SECURITY;
CREATE POLICY belongs_to_no_site ON zgoda.schema_version USING (true) WITH CHECK (true);

SET LOCAL ROLE zgoda_owner;

CREATE TYPE zgoda.purpose AS ENUM ('lead_contact', 'marketing_email', 'marketing_phone', 'marketing_sms');
CREATE TYPE zgoda.kind AS ENUM ('requested', 'granted', 'declined', 'deferred', 'withdrawn', 'expired', 'erased');

-- refuse() is the trigger that says no, in the name of its first argument.
-- +goose StatementBegin
CREATE FUNCTION zgoda.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '%: % of % is refused', TG_ARGV[0], lower(TG_OP), TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END $$;
-- +goose StatementEnd

-- The words that somebody was shown, by their hash. They never change.
CREATE TABLE zgoda.notice (
  site        text COLLATE "C" NOT NULL CONSTRAINT notice_has_a_site CHECK (site <> ''),
  hash        bytea NOT NULL,
  locale      text COLLATE "C" NOT NULL CONSTRAINT notice_has_a_locale CHECK (locale <> ''),
  canonical   text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, hash),
  UNIQUE (site, hash, locale),
  CONSTRAINT notice_hash_is_of_its_text CHECK (hash = sha256(convert_to(canonical, 'UTF8')))
);
CREATE TRIGGER notice_never_changes BEFORE UPDATE OR DELETE ON zgoda.notice
  FOR EACH ROW EXECUTE FUNCTION zgoda.refuse('notice_never_changes');
CREATE TRIGGER notice_never_truncated BEFORE TRUNCATE ON zgoda.notice
  EXECUTE FUNCTION zgoda.refuse('notice_never_changes');

-- A pseudonym, how far its records were applied, and the head of its ledger. No
-- contact data. A row is changed with every entry of its ledger, so pages keep
-- room for the next version of what they hold.
CREATE TABLE zgoda.visitor (
  site         text COLLATE "C" NOT NULL CONSTRAINT visitor_has_a_site CHECK (site <> ''),
  visitor      text COLLATE "C" NOT NULL CONSTRAINT visitor_has_a_name CHECK (visitor <> ''),
  first_seen   timestamptz NOT NULL,
  applied_vseq bigint NOT NULL DEFAULT 0,
  last_seq     bigint NOT NULL DEFAULT 0,
  last_hash    bytea NOT NULL DEFAULT '',
  last_at      timestamptz,
  erased_at    timestamptz,
  -- The life of the conversation store for which the numbers were moved on last.
  fenced       text,
  PRIMARY KEY (site, visitor)
) WITH (fillfactor = 30);
CREATE TRIGGER visitor_moves_forward BEFORE UPDATE OF applied_vseq ON zgoda.visitor
  FOR EACH ROW WHEN (NEW.applied_vseq < OLD.applied_vseq) EXECUTE FUNCTION zgoda.refuse('visitor_moves_forward');

-- The ledger. Rows are added, never changed; recorded_at is the database's clock
-- and nobody has the right to set it.
CREATE TABLE zgoda.consent_event (
  site         text COLLATE "C" NOT NULL,
  visitor      text COLLATE "C" NOT NULL,
  vseq         bigint NOT NULL,
  id           text COLLATE "C" NOT NULL CONSTRAINT entry_has_an_id CHECK (id <> ''),
  purpose      zgoda.purpose NOT NULL,
  kind         zgoda.kind NOT NULL,
  request      text COLLATE "C",
  request_kind zgoda.kind GENERATED ALWAYS AS (CASE WHEN request IS NOT NULL THEN 'requested'::zgoda.kind END) STORED,
  grant_id     text COLLATE "C",
  notice       bytea,
  -- The words of an entry that answers nothing. Those of an answer are its
  -- request's, which the request's key sees to.
  shown        bytea GENERATED ALWAYS AS (CASE WHEN request IS NULL THEN notice END) STORED,
  locale       text COLLATE "C",
  actor        text NOT NULL CONSTRAINT entry_has_an_actor CHECK (actor <> ''),
  method       text NOT NULL CONSTRAINT entry_has_a_method CHECK (method <> ''),
  occurred_at  timestamptz NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  valid_until  timestamptz,
  -- The gateway's clock was ahead of the database's. Order is counted, so this is
  -- a remark and no reason to refuse.
  clock_ahead  boolean GENERATED ALWAYS AS (occurred_at - recorded_at > interval '5 seconds') STORED,
  PRIMARY KEY (site, id),
  CONSTRAINT request_is_one_of_these UNIQUE (site, visitor, id, purpose, kind, notice, locale),
  CONSTRAINT asked_and_answered_in_words
    CHECK (kind NOT IN ('requested', 'granted', 'declined', 'deferred') OR (notice IS NOT NULL AND locale IS NOT NULL)),
  CONSTRAINT decision_names_its_request CHECK (kind NOT IN ('granted', 'declined', 'deferred') OR request IS NOT NULL),
  CONSTRAINT only_decisions_answer CHECK (request IS NULL OR kind <> 'requested'),
  CONSTRAINT grant_is_named CHECK (kind <> 'granted' OR grant_id IS NOT NULL),
  CONSTRAINT only_the_visitor_grants
    CHECK (kind <> 'granted' OR (actor = 'visitor' AND method IN ('button', 'phrase', 'widget'))),
  CONSTRAINT erasure_is_whole CHECK (kind <> 'erased' OR purpose = 'lead_contact'),
  CONSTRAINT entry_has_its_words FOREIGN KEY (site, shown, locale) REFERENCES zgoda.notice (site, hash, locale),
  -- A decision answers a request for the same purpose, in the same words, made
  -- to the same visitor.
  CONSTRAINT decision_answers_its_request FOREIGN KEY (site, visitor, request, purpose, request_kind, notice, locale)
    REFERENCES zgoda.consent_event (site, visitor, id, purpose, kind, notice, locale)
);
CREATE UNIQUE INDEX one_answer_per_request ON zgoda.consent_event (site, request) WHERE kind IN ('granted', 'declined');

-- The chain that the entries of a visitor form: numbered without holes, each
-- with a hash over itself and the one before. Written by the ledger's trigger;
-- nobody has the right to.
CREATE TABLE zgoda.chain (
  site       text COLLATE "C" NOT NULL,
  visitor    text COLLATE "C" NOT NULL,
  seq        bigint NOT NULL,
  entry      text COLLATE "C" NOT NULL,
  row_hash   bytea NOT NULL,
  -- The gateway's clock was behind what it said before of the same visitor.
  clock_back boolean NOT NULL,
  PRIMARY KEY (site, visitor, seq)
);

-- +goose StatementBegin
CREATE FUNCTION zgoda.refuse_entry(rule text) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '%: an entry is refused', rule
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = rule, TABLE = 'consent_event', SCHEMA = 'zgoda';
END $$;

-- It is called for every entry, so it does without a search_path of its own; its
-- caller has one.
CREATE FUNCTION zgoda.chain_step(before bytea, head bytea, seq bigint, body text) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  RETURN sha256(convert_to(concat_ws(':', 'zgoda ledger 1', encode(coalesce(before, head), 'hex'), seq, body), 'UTF8'));
END $$;
-- +goose StatementEnd
-- chained() over the entries of a visitor in order gives the hash of each: that
-- of the head and the first, that of the first and the second, and so on.
CREATE AGGREGATE zgoda.chained(head bytea, seq bigint, body text) (SFUNC = zgoda.chain_step, STYPE = bytea);

-- Chains new entries to those before, and moves the visitors' heads. The rows of
-- visitors are locked, so two writers of one visitor come one after the other. Of
-- one visitor a statement takes one decision, so what it does to grants has no
-- order to keep; and after an erasure it takes nothing.
--
-- What is hashed is the text of every field with its length in bytes in front, so
-- that no two entries give the same text; times are microseconds since 1970.
-- +goose StatementBegin
CREATE FUNCTION zgoda.chain_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  WITH numbered AS (
    SELECT a.site, a.visitor, a.id, a.vseq, a.occurred_at, v.last_hash, coalesce(lag(a.occurred_at) OVER entries, v.last_at) AS before,
      CASE WHEN v.last_seq IS NULL THEN zgoda.refuse_entry('ledger_needs_visitor')
           WHEN v.erased_at IS NOT NULL OR lag(a.kind) OVER entries = 'erased' THEN zgoda.refuse_entry('ledger_ends_with_erasure')
           WHEN a.vseq <= greatest(v.applied_vseq, lag(a.vseq) OVER entries) THEN zgoda.refuse_entry('ledger_in_order')
           WHEN count(*) FILTER (WHERE a.kind NOT IN ('requested', 'deferred')) OVER entries > 1
             THEN zgoda.refuse_entry('one_decision_in_a_statement')
           ELSE v.last_seq + row_number() OVER entries END AS seq,
      concat_ws(':', a.vseq, octet_length(a.site), a.site, octet_length(a.visitor), a.visitor, octet_length(a.id), a.id,
        octet_length(a.purpose::text), a.purpose, octet_length(a.kind::text), a.kind,
        octet_length(coalesce(a.request, '')), coalesce(a.request, ''), octet_length(coalesce(a.grant_id, '')), coalesce(a.grant_id, ''),
        coalesce(octet_length(a.notice), 0) * 2, coalesce(encode(a.notice, 'hex'), ''), octet_length(coalesce(a.locale, '')), coalesce(a.locale, ''),
        octet_length(a.actor), a.actor, octet_length(a.method), a.method,
        (extract(epoch FROM a.occurred_at) * 1000000)::bigint, (extract(epoch FROM a.recorded_at) * 1000000)::bigint,
        coalesce((extract(epoch FROM a.valid_until) * 1000000)::bigint, 0)) AS body
    FROM added a LEFT JOIN LATERAL (
      SELECT v.last_seq, v.last_hash, v.last_at, v.applied_vseq, v.erased_at FROM zgoda.visitor v
      WHERE v.site = a.site AND v.visitor = a.visitor OFFSET 0 FOR NO KEY UPDATE) v ON true
    WINDOW entries AS (PARTITION BY a.site, a.visitor ORDER BY a.vseq)
  ), linked AS MATERIALIZED (
    SELECT n.site, n.visitor, n.seq, n.id, n.vseq, n.occurred_at, n.before,
      zgoda.chained(n.last_hash, n.seq, n.body) OVER (PARTITION BY n.site, n.visitor ORDER BY n.vseq) AS row_hash FROM numbered n
  ), links AS (
    INSERT INTO zgoda.chain (site, visitor, seq, entry, row_hash, clock_back)
    SELECT l.site, l.visitor, l.seq, l.id, l.row_hash, coalesce(l.before - l.occurred_at > interval '5 seconds', false) FROM linked l
  )
  -- Every visitor is there, so this changes rows; said like this it finds them by
  -- key, whatever the planner believes of a table it has not looked at.
  INSERT INTO zgoda.visitor AS v (site, visitor, first_seen, last_seq, last_hash, last_at, applied_vseq)
  SELECT DISTINCT ON (l.site, l.visitor) l.site, l.visitor, l.occurred_at, l.seq, l.row_hash, l.occurred_at, l.vseq
  FROM linked l ORDER BY l.site, l.visitor, l.vseq DESC
  ON CONFLICT (site, visitor) DO UPDATE SET
    last_seq = excluded.last_seq, last_hash = excluded.last_hash, last_at = excluded.last_at, applied_vseq = excluded.applied_vseq;
  RETURN NULL;
END $$;

-- A ledger is kept whole. It goes as a whole, when the time to prove is over,
-- and only the retention role may do that.
CREATE FUNCTION zgoda.keep_ledger() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'zgoda_retention' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'ledger_append_only: % of % is refused', lower(TG_OP), TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_append_only', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END $$;
CREATE FUNCTION zgoda.purge_whole_ledgers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM gone g JOIN zgoda.active_grant a ON a.site = g.site AND a.visitor = g.visitor) THEN
    PERFORM zgoda.refuse_entry('ledger_outlives_its_grants');
  ELSIF EXISTS (SELECT FROM gone g JOIN zgoda.consent_event e ON e.site = g.site AND e.visitor = g.visitor) THEN
    PERFORM zgoda.refuse_entry('ledger_purged_whole');
  END IF;
  DELETE FROM zgoda.chain c USING gone g WHERE c.site = g.site AND c.visitor = g.visitor;
  RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER chain_entries AFTER INSERT ON zgoda.consent_event
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION zgoda.chain_entries();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON zgoda.consent_event FOR EACH ROW EXECUTE FUNCTION zgoda.keep_ledger();
CREATE TRIGGER ledger_not_truncated BEFORE TRUNCATE ON zgoda.consent_event EXECUTE FUNCTION zgoda.refuse('ledger_append_only');
CREATE TRIGGER ledger_purged_whole AFTER DELETE ON zgoda.consent_event
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION zgoda.purge_whole_ledgers();
CREATE TRIGGER chain_is_written_by_ledger BEFORE INSERT OR UPDATE OR DELETE ON zgoda.chain
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION zgoda.refuse('chain_is_written_by_ledger');
CREATE TRIGGER chain_not_truncated BEFORE TRUNCATE ON zgoda.chain EXECUTE FUNCTION zgoda.refuse('chain_is_written_by_ledger');

-- The grants in force: a row exists exactly while consent is. Nobody has the
-- right to write it; the ledger's trigger does, and a statement that reaches the
-- table by another way is refused even to the owner.
CREATE TABLE zgoda.active_grant (
  site         text COLLATE "C" NOT NULL,
  visitor      text COLLATE "C" NOT NULL,
  purpose      zgoda.purpose NOT NULL,
  grant_id     text COLLATE "C" NOT NULL,
  granted_vseq bigint NOT NULL,
  event_id     text COLLATE "C" NOT NULL,
  valid_until  timestamptz,
  PRIMARY KEY (site, visitor, purpose),
  CONSTRAINT grant_in_force UNIQUE (site, visitor, purpose, grant_id, granted_vseq)
);
CREATE TRIGGER grant_is_written_by_ledger BEFORE INSERT OR UPDATE OR DELETE ON zgoda.active_grant
  FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION zgoda.refuse('grant_is_written_by_ledger');

-- Where each purpose stands, for the overview. Derived from the ledger and never
-- asked whether somebody may be written to.
CREATE TABLE zgoda.consent_status (
  site        text COLLATE "C" NOT NULL,
  visitor     text COLLATE "C" NOT NULL,
  purpose     zgoda.purpose NOT NULL,
  status      zgoda.kind NOT NULL,
  event       text COLLATE "C" NOT NULL,
  since       timestamptz NOT NULL,
  notice      bytea,
  locale      text COLLATE "C",
  method      text NOT NULL,
  request     text COLLATE "C",
  valid_until timestamptz,
  PRIMARY KEY (site, visitor, purpose)
) WITH (fillfactor = 60);

-- The proof that a visitor was erased.
CREATE TABLE zgoda.tombstone (
  site        text COLLATE "C" NOT NULL,
  visitor     text COLLATE "C" NOT NULL,
  entry       text COLLATE "C" NOT NULL,
  actor       text NOT NULL,
  method      text NOT NULL,
  erased_at   timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ledger_head bytea NOT NULL,
  PRIMARY KEY (site, visitor)
);

-- +goose StatementBegin
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['notice', 'visitor', 'consent_event', 'chain', 'active_grant', 'consent_status', 'tombstone'] LOOP
    EXECUTE format('ALTER TABLE zgoda.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE zgoda.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY one_site ON zgoda.%I USING (site = current_setting(''zgoda.site''))', name);
  END LOOP;
END $$;
-- +goose StatementEnd

GRANT SELECT ON zgoda.notice, zgoda.visitor, zgoda.consent_event, zgoda.chain, zgoda.active_grant, zgoda.consent_status,
  zgoda.tombstone TO zgoda_app;
GRANT INSERT (site, hash, locale, canonical) ON zgoda.notice TO zgoda_app;
GRANT INSERT (site, visitor, first_seen, applied_vseq, fenced), UPDATE (applied_vseq, fenced) ON zgoda.visitor TO zgoda_app;
GRANT INSERT (site, visitor, vseq, id, purpose, kind, request, grant_id, notice, locale, actor, method, occurred_at, valid_until)
  ON zgoda.consent_event TO zgoda_app;
GRANT SELECT, DELETE ON zgoda.consent_event, zgoda.consent_status, zgoda.tombstone TO zgoda_retention;
GRANT SELECT ON zgoda.visitor TO zgoda_retention;

RESET ROLE;

-- +goose Down
SET LOCAL ROLE zgoda_owner;
DROP TABLE zgoda.tombstone, zgoda.consent_status, zgoda.active_grant, zgoda.chain, zgoda.consent_event, zgoda.visitor, zgoda.notice;
DROP AGGREGATE zgoda.chained(bytea, bigint, text);
DROP FUNCTION zgoda.chain_entries(), zgoda.chain_step(bytea, bytea, bigint, text), zgoda.refuse_entry(text), zgoda.keep_ledger(),
  zgoda.purge_whole_ledgers(), zgoda.refuse();
DROP TYPE zgoda.purpose, zgoda.kind;
RESET ROLE;
DROP POLICY belongs_to_no_site ON zgoda.schema_version;
ALTER TABLE zgoda.schema_version DISABLE ROW LEVEL SECURITY;
ALTER TABLE zgoda.schema_version NO FORCE ROW LEVEL SECURITY;
REVOKE ALL ON zgoda.schema_version FROM zgoda_app;
-- The roles belong to the cluster and stay.
REVOKE ALL ON SCHEMA zgoda FROM zgoda_owner, zgoda_app, zgoda_marketing, zgoda_retention;
