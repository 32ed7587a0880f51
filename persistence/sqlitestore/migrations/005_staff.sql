-- The people who work with the console, and the versions of sites'
-- configurations. Nothing in this file keeps them from visitors' data but the
-- program: that is asked for with the name of one site, which comes from a
-- membership here.

CREATE TABLE operator (
  id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
  login       TEXT NOT NULL,
  -- The login without what does not matter: case and outer spaces.
  login_key   TEXT NOT NULL UNIQUE CHECK (login_key <> ''),
  name        TEXT NOT NULL,
  password    TEXT NOT NULL CONSTRAINT password_is_hashed CHECK (password = '' OR substr(password, 1, 10) = '$argon2id$'),
  created_at  INTEGER NOT NULL,
  disabled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TRIGGER operator_is_kept BEFORE DELETE ON operator
BEGIN SELECT RAISE(ABORT, 'operator_is_kept'); END;

CREATE TABLE membership (
  operator TEXT NOT NULL REFERENCES operator (id),
  site     TEXT NOT NULL CHECK (site <> ''),
  role     TEXT NOT NULL CONSTRAINT known_role CHECK (role IN ('operator', 'administrator', 'privacy_officer')),
  since    INTEGER NOT NULL,
  PRIMARY KEY (operator, site, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_of_site ON membership (site);

-- Tokens are kept as hashes: what is read here signs nobody in.
CREATE TABLE staff_session (
  token      BLOB NOT NULL PRIMARY KEY CHECK (length(token) = 32),
  operator   TEXT NOT NULL REFERENCES operator (id),
  created_at INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  idle       INTEGER NOT NULL CHECK (idle > 0),
  expires_at INTEGER NOT NULL CHECK (expires_at > created_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_operator ON staff_session (operator);

CREATE TABLE invite (
  token      BLOB NOT NULL PRIMARY KEY CHECK (length(token) = 32),
  login      TEXT NOT NULL CHECK (login <> ''),
  site       TEXT,
  role       TEXT CONSTRAINT known_role CHECK (role IN ('operator', 'administrator', 'privacy_officer')),
  invited_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL CHECK (expires_at > created_at),
  used_at    INTEGER,
  CONSTRAINT invite_is_to_a_role CHECK ((site IS NULL) = (role IS NULL) AND site <> '')
) STRICT, WITHOUT ROWID;
CREATE TRIGGER invite_is_used_once BEFORE UPDATE ON invite WHEN OLD.used_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'invite_is_used_once'); END;

CREATE TABLE site_revision (
  site     TEXT NOT NULL CHECK (site <> ''),
  revision INTEGER NOT NULL CHECK (revision > 0),
  document TEXT NOT NULL,
  actor    TEXT NOT NULL CHECK (actor <> ''),
  at       INTEGER NOT NULL,
  PRIMARY KEY (site, revision)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER revision_never_changes_update BEFORE UPDATE ON site_revision
BEGIN SELECT RAISE(ABORT, 'revision_never_changes'); END;
CREATE TRIGGER revision_never_changes_delete BEFORE DELETE ON site_revision
BEGIN SELECT RAISE(ABORT, 'revision_never_changes'); END;
CREATE TRIGGER revision_follows BEFORE INSERT ON site_revision
WHEN NEW.revision <> 1 + coalesce((SELECT max(r.revision) FROM site_revision r WHERE r.site = NEW.site), 0)
BEGIN SELECT RAISE(ABORT, 'revision_follows'); END;
