-- Durable timers and the site's inbox. Both are written by Commit alone.

-- A timer stays until the commit of the input that it causes.
CREATE TABLE timer (
    site         TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    due          INTEGER NOT NULL, -- Unix nanoseconds
    PRIMARY KEY (site, conversation, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX timer_due ON timer (due);

-- A row changes its number whenever it changes; the numbers of a site never go
-- back, and its epoch says that they are of one run.
CREATE TABLE inbox (
    site  TEXT    NOT NULL PRIMARY KEY,
    epoch TEXT    NOT NULL,
    seq   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox_row (
    site         TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    gone         INTEGER NOT NULL CHECK (gone IN (0, 1)),
    body         BLOB,
    PRIMARY KEY (site, conversation)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX inbox_row_seq ON inbox_row (site, seq);
