-- The conversation half. Everything in a column named state, profile, contact,
-- body, answer or payload was sealed before it got here. Times are nanoseconds
-- since 1970.

-- Facts about the file itself, such as the check value of the keys.
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- A conversation that was erased keeps its row, so that it answers "erased".
CREATE TABLE conversation (
  id           INTEGER PRIMARY KEY,
  site         TEXT NOT NULL,
  conversation TEXT NOT NULL,
  visitor      TEXT NOT NULL,
  version      INTEGER NOT NULL CHECK (version >= 0),
  epoch        TEXT NOT NULL,
  seq          INTEGER NOT NULL CHECK (seq >= 0),
  first        INTEGER NOT NULL CHECK (first >= 0 AND first <= seq),
  state        BLOB,
  UNIQUE (site, conversation)
) STRICT;
CREATE INDEX conversation_of_visitor ON conversation (site, visitor);

-- What belongs to the visitor and not to one conversation.
CREATE TABLE profile (
  id         INTEGER PRIMARY KEY,
  site       TEXT NOT NULL,
  visitor    TEXT NOT NULL,
  version    INTEGER NOT NULL CHECK (version >= 0),
  vseq       INTEGER NOT NULL CHECK (vseq >= 0),
  erased     INTEGER NOT NULL CHECK (erased IN (0, 1)),
  rate_start INTEGER NOT NULL,
  rate_count INTEGER NOT NULL,
  profile    BLOB,
  contact    BLOB,
  UNIQUE (site, visitor),
  CONSTRAINT nothing_left_after_erasure CHECK (erased = 0 OR (profile IS NULL AND contact IS NULL))
) STRICT;

CREATE TABLE event (
  conversation INTEGER NOT NULL REFERENCES conversation (id),
  seq          INTEGER NOT NULL CHECK (seq > 0),
  id           TEXT NOT NULL,
  at           INTEGER NOT NULL,
  body         BLOB,
  PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- One instance of a client, and its newest answers in as many slots as are kept.
CREATE TABLE client (
  id           INTEGER PRIMARY KEY,
  conversation INTEGER NOT NULL REFERENCES conversation (id),
  name         TEXT NOT NULL,
  last_n       INTEGER NOT NULL CHECK (last_n > 0),
  used_at      INTEGER NOT NULL,
  UNIQUE (conversation, name)
) STRICT;

CREATE TABLE answer (
  client INTEGER NOT NULL REFERENCES client (id) ON DELETE CASCADE,
  slot   INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  digest BLOB,
  answer BLOB,
  PRIMARY KEY (client, slot)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT, so that a number is never used again and the order of the ids
-- is the order of the commits.
CREATE TABLE outbox (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  site    TEXT NOT NULL,
  visitor TEXT NOT NULL,
  vseq    INTEGER NOT NULL CHECK (vseq > 0),
  at      INTEGER NOT NULL,
  payload BLOB NOT NULL,
  UNIQUE (site, visitor, vseq)
) STRICT;
