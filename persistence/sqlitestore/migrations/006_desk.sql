-- Where operators work: read marks, assignments, staff logs.

ALTER TABLE conversation ADD COLUMN staff_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN seen_visitor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN seen_operator INTEGER NOT NULL DEFAULT 0;
-- The operator who has it; empty: nobody.
ALTER TABLE conversation ADD COLUMN assigned TEXT NOT NULL DEFAULT '';
CREATE INDEX conversation_assigned ON conversation (site) WHERE assigned <> '';

CREATE TABLE staff_entry (
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    seq          INTEGER NOT NULL CHECK (seq > 0),
    id           TEXT    NOT NULL,
    at           INTEGER NOT NULL, -- Unix nanoseconds
    body         BLOB,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_entry_at ON staff_entry (at);
