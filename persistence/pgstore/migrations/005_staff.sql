-- The people who work with the console, and the versions of sites'
-- configurations.
--
-- An operator may belong to several sites and an invite to none yet, so these
-- tables are of no one site and row security cannot tell their rows apart by it.
-- They have a role of their own instead: zgoda_staff reads and writes them and has
-- no right on any table that holds a visitor, a consent or a contact, and
-- zgoda_app, which has, has none on these. Which site's data an operator is shown is
-- decided by the membership that was read here, and then asked for in a
-- transaction of zgoda_app that names that one site.

-- +goose Up
-- +goose StatementBegin
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'zgoda_staff') THEN
    BEGIN
      CREATE ROLE zgoda_staff NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'zgoda_staff' AND (rolsuper OR rolbypassrls)) THEN
    RAISE EXCEPTION 'role zgoda_staff is superuser or bypasses row security; take that away first';
  END IF;
END $$;
-- +goose StatementEnd
GRANT USAGE ON SCHEMA zgoda TO zgoda_staff;

SET LOCAL ROLE zgoda_owner;

CREATE TABLE zgoda.operator (
  id          text COLLATE "C" PRIMARY KEY CONSTRAINT operator_has_an_id CHECK (id <> ''),
  login       text NOT NULL,
  -- The login without what does not matter: case and outer spaces.
  login_key   text COLLATE "C" NOT NULL CONSTRAINT login_is_one_persons UNIQUE CONSTRAINT operator_has_a_login CHECK (login_key <> ''),
  name        text NOT NULL,
  password    text NOT NULL CONSTRAINT password_is_hashed CHECK (password = '' OR starts_with(password, '$argon2id$')),
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  disabled_at timestamptz
);

CREATE TABLE zgoda.membership (
  operator text COLLATE "C" NOT NULL CONSTRAINT member_is_an_operator REFERENCES zgoda.operator (id),
  site     text COLLATE "C" NOT NULL CONSTRAINT membership_has_a_site CHECK (site <> ''),
  role     text COLLATE "C" NOT NULL CONSTRAINT known_role CHECK (role IN ('operator', 'administrator', 'privacy_officer')),
  since    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (operator, site, role)
);
CREATE INDEX membership_of_site ON zgoda.membership (site);

-- Tokens are kept as hashes: what is read here signs nobody in.
CREATE TABLE zgoda.staff_session (
  token      bytea PRIMARY KEY CONSTRAINT session_token_is_hashed CHECK (octet_length(token) = 32),
  operator   text COLLATE "C" NOT NULL CONSTRAINT session_is_an_operators REFERENCES zgoda.operator (id),
  created_at timestamptz NOT NULL,
  last_seen  timestamptz NOT NULL,
  idle       interval NOT NULL CONSTRAINT session_may_be_idle CHECK (idle > interval '0'),
  expires_at timestamptz NOT NULL,
  CONSTRAINT session_ends CHECK (expires_at > created_at)
);
CREATE INDEX session_of_operator ON zgoda.staff_session (operator);

CREATE TABLE zgoda.invite (
  token      bytea PRIMARY KEY CONSTRAINT invite_token_is_hashed CHECK (octet_length(token) = 32),
  login      text NOT NULL CONSTRAINT invite_has_a_login CHECK (login <> ''),
  site       text COLLATE "C",
  role       text COLLATE "C" CONSTRAINT known_role CHECK (role IN ('operator', 'administrator', 'privacy_officer')),
  invited_by text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  CONSTRAINT invite_ends CHECK (expires_at > created_at),
  CONSTRAINT invite_is_to_a_role CHECK ((site IS NULL) = (role IS NULL) AND site <> '')
);
CREATE TRIGGER invite_is_used_once BEFORE UPDATE ON zgoda.invite
  FOR EACH ROW WHEN (OLD.used_at IS NOT NULL) EXECUTE FUNCTION zgoda.refuse('invite_is_used_once');

-- A version of a configuration is of one site, and is read and written like
-- everything else of it; only its listing over all sites is the staff role's.
CREATE TABLE zgoda.site_revision (
  site        text COLLATE "C" NOT NULL CONSTRAINT revision_has_a_site CHECK (site <> ''),
  revision    bigint NOT NULL CONSTRAINT revisions_count_from_one CHECK (revision > 0),
  document    text NOT NULL,
  actor       text NOT NULL CONSTRAINT revision_has_an_actor CHECK (actor <> ''),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (site, revision)
);
CREATE TRIGGER revision_never_changes BEFORE UPDATE OR DELETE ON zgoda.site_revision
  FOR EACH ROW EXECUTE FUNCTION zgoda.refuse('revision_never_changes');
CREATE TRIGGER revision_never_truncated BEFORE TRUNCATE ON zgoda.site_revision EXECUTE FUNCTION zgoda.refuse('revision_never_changes');
-- +goose StatementBegin
CREATE FUNCTION zgoda.revision_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.revision > 1 AND NOT EXISTS (SELECT FROM zgoda.site_revision r WHERE r.site = NEW.site AND r.revision = NEW.revision - 1) THEN
    RAISE EXCEPTION 'revision_follows: the one before is missing'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'revision_follows', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
  END IF;
  RETURN NEW;
END $$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['operator', 'membership', 'staff_session', 'invite', 'site_revision'] LOOP
    EXECUTE format('ALTER TABLE zgoda.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE zgoda.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY staff_alone ON zgoda.%I TO zgoda_staff USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;
-- +goose StatementEnd
CREATE TRIGGER revision_follows BEFORE INSERT ON zgoda.site_revision FOR EACH ROW EXECUTE FUNCTION zgoda.revision_follows();
CREATE POLICY one_site ON zgoda.site_revision TO zgoda_app, zgoda_owner USING (site = current_setting('zgoda.site'));

GRANT SELECT, INSERT (id, login, login_key, name, password), UPDATE (name, password, disabled_at) ON zgoda.operator TO zgoda_staff;
GRANT SELECT, INSERT (operator, site, role), DELETE ON zgoda.membership TO zgoda_staff;
GRANT SELECT, INSERT, UPDATE (last_seen), DELETE ON zgoda.staff_session TO zgoda_staff;
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON zgoda.invite TO zgoda_staff;
GRANT SELECT ON zgoda.site_revision TO zgoda_staff;
GRANT SELECT, INSERT (site, revision, document, actor) ON zgoda.site_revision TO zgoda_app;

RESET ROLE;

-- +goose Down
SET LOCAL ROLE zgoda_owner;
DROP TABLE zgoda.site_revision, zgoda.invite, zgoda.staff_session, zgoda.membership, zgoda.operator;
DROP FUNCTION zgoda.revision_follows();
RESET ROLE;
REVOKE ALL ON SCHEMA zgoda FROM zgoda_staff;
