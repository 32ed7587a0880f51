-- The contact half: ledger, grants in force, contacts. A rule that matters is a
-- constraint or a trigger here, named in its message, so that a row which must
-- not exist cannot be written by any code. Times are nanoseconds since 1970.

-- What a visitor was shown, by its hash. A text never changes.
CREATE TABLE notice (
  site      TEXT NOT NULL CHECK (site <> ''),
  hash      TEXT NOT NULL CONSTRAINT notice_hash_is_sha256 CHECK (length(hash) = 64),
  locale    TEXT NOT NULL CHECK (locale <> ''),
  canonical TEXT NOT NULL,
  PRIMARY KEY (site, hash),
  UNIQUE (site, hash, locale)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER notice_never_changes_insert BEFORE INSERT ON notice
WHEN EXISTS (SELECT 1 FROM notice n WHERE n.site = NEW.site AND n.hash = NEW.hash
             AND (n.locale <> NEW.locale OR n.canonical <> NEW.canonical))
BEGIN SELECT RAISE(ABORT, 'notice_never_changes'); END;
CREATE TRIGGER notice_never_changes_update BEFORE UPDATE ON notice
BEGIN SELECT RAISE(ABORT, 'notice_never_changes'); END;
CREATE TRIGGER notice_never_changes_delete BEFORE DELETE ON notice
BEGIN SELECT RAISE(ABORT, 'notice_never_changes'); END;

-- A pseudonym and how far its records were applied. No contact data.
CREATE TABLE visitor (
  site         TEXT NOT NULL CHECK (site <> ''),
  visitor      TEXT NOT NULL CHECK (visitor <> ''),
  first_seen   INTEGER NOT NULL,
  applied_vseq INTEGER NOT NULL DEFAULT 0,
  last_seq     INTEGER NOT NULL DEFAULT 0,
  last_hash    BLOB NOT NULL DEFAULT x'',
  erased_at    INTEGER,
  PRIMARY KEY (site, visitor)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER visitor_begins_empty BEFORE INSERT ON visitor
WHEN NEW.applied_vseq <> 0 OR NEW.last_seq <> 0 OR NEW.last_hash <> x'' OR NEW.erased_at IS NOT NULL
  OR EXISTS (SELECT 1 FROM visitor v WHERE v.site = NEW.site AND v.visitor = NEW.visitor)
BEGIN SELECT RAISE(ABORT, 'visitor_begins_empty'); END;
CREATE TRIGGER visitor_is_kept BEFORE DELETE ON visitor
BEGIN SELECT RAISE(ABORT, 'visitor_is_kept'); END;
CREATE TRIGGER visitor_keeps_its_name BEFORE UPDATE OF site, visitor ON visitor
WHEN NEW.site <> OLD.site OR NEW.visitor <> OLD.visitor
BEGIN SELECT RAISE(ABORT, 'visitor_keeps_its_name'); END;
CREATE TRIGGER visitor_applies_one_by_one BEFORE UPDATE OF applied_vseq ON visitor
WHEN NEW.applied_vseq NOT IN (OLD.applied_vseq, OLD.applied_vseq + 1)
BEGIN SELECT RAISE(ABORT, 'visitor_applies_one_by_one'); END;
CREATE TRIGGER visitor_head_is_in_ledger BEFORE UPDATE OF last_seq, last_hash ON visitor
WHEN NOT EXISTS (SELECT 1 FROM consent_event e WHERE e.site = NEW.site AND e.visitor = NEW.visitor
                 AND e.seq = NEW.last_seq AND e.row_hash = NEW.last_hash AND e.seq = OLD.last_seq + 1)
BEGIN SELECT RAISE(ABORT, 'visitor_head_is_in_ledger'); END;
CREATE TRIGGER visitor_erased_once BEFORE UPDATE OF erased_at ON visitor
WHEN OLD.erased_at IS NOT NULL AND NEW.erased_at IS NOT OLD.erased_at
BEGIN SELECT RAISE(ABORT, 'visitor_erased_once'); END;
CREATE TRIGGER visitor_erased_leaves_nothing BEFORE UPDATE OF erased_at ON visitor
WHEN NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL AND (
  EXISTS (SELECT 1 FROM active_grant g WHERE g.site = NEW.site AND g.visitor = NEW.visitor)
  OR EXISTS (SELECT 1 FROM contact c WHERE c.site = NEW.site AND c.visitor = NEW.visitor)
  OR NOT EXISTS (SELECT 1 FROM consent_event e WHERE e.site = NEW.site AND e.visitor = NEW.visitor
                 AND e.seq = NEW.last_seq AND e.kind = 'erased'))
BEGIN SELECT RAISE(ABORT, 'visitor_erased_leaves_nothing'); END;

-- The ledger. Rows are added, never changed.
CREATE TABLE consent_event (
  site        TEXT NOT NULL,
  visitor     TEXT NOT NULL,
  seq         INTEGER NOT NULL,
  vseq        INTEGER NOT NULL,
  id          TEXT NOT NULL CHECK (id <> ''),
  purpose     TEXT NOT NULL CONSTRAINT known_purpose
              CHECK (purpose IN ('lead_contact', 'marketing_email', 'marketing_phone', 'marketing_sms')),
  kind        TEXT NOT NULL CONSTRAINT known_kind
              CHECK (kind IN ('requested', 'granted', 'declined', 'deferred', 'withdrawn', 'expired', 'erased')),
  request     TEXT,
  grant_id    TEXT,
  notice      TEXT,
  locale      TEXT,
  actor       TEXT NOT NULL CHECK (actor <> ''),
  method      TEXT NOT NULL CHECK (method <> ''),
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  valid_until INTEGER,
  prev_hash   BLOB NOT NULL,
  row_hash    BLOB NOT NULL CHECK (length(row_hash) = 32),
  request_kind TEXT GENERATED ALWAYS AS (CASE WHEN request IS NOT NULL THEN 'requested' END) STORED,
  PRIMARY KEY (site, id),
  UNIQUE (site, visitor, seq),
  UNIQUE (site, visitor, vseq),
  UNIQUE (site, visitor, purpose, id, kind, notice, locale),
  UNIQUE (site, visitor, purpose, id, kind, vseq),
  CONSTRAINT asked_and_answered_with_a_notice
    CHECK (kind NOT IN ('requested', 'granted', 'declined', 'deferred') OR (notice IS NOT NULL AND locale IS NOT NULL)),
  CONSTRAINT decision_names_its_request CHECK (kind NOT IN ('granted', 'declined', 'deferred') OR request IS NOT NULL),
  CONSTRAINT grant_is_named CHECK (kind <> 'granted' OR grant_id IS NOT NULL),
  CONSTRAINT only_the_visitor_grants
    CHECK (kind <> 'granted' OR (actor = 'visitor' AND method IN ('button', 'phrase', 'widget'))),
  FOREIGN KEY (site, visitor) REFERENCES visitor (site, visitor),
  FOREIGN KEY (site, notice, locale) REFERENCES notice (site, hash, locale),
  -- A decision answers a request for the same purpose, in the same words, made
  -- to the same visitor.
  FOREIGN KEY (site, visitor, purpose, request, request_kind, notice, locale)
    REFERENCES consent_event (site, visitor, purpose, id, kind, notice, locale)
) STRICT;

CREATE UNIQUE INDEX one_answer_per_request ON consent_event (site, visitor, request) WHERE kind IN ('granted', 'declined');

CREATE TRIGGER ledger_append_only_update BEFORE UPDATE ON consent_event
BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END;
CREATE TRIGGER ledger_append_only_delete BEFORE DELETE ON consent_event
BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END;
-- INSERT OR REPLACE deletes without asking the delete trigger.
CREATE TRIGGER ledger_append_only_replace BEFORE INSERT ON consent_event
WHEN EXISTS (SELECT 1 FROM consent_event e WHERE e.site = NEW.site AND e.id = NEW.id)
  OR EXISTS (SELECT 1 FROM consent_event e WHERE e.site = NEW.site AND e.visitor = NEW.visitor AND e.seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM consent_event e WHERE e.site = NEW.site AND e.visitor = NEW.visitor AND e.vseq = NEW.vseq)
  OR (NEW.kind IN ('granted', 'declined') AND EXISTS (
      SELECT 1 FROM consent_event e WHERE e.site = NEW.site AND e.visitor = NEW.visitor AND e.request = NEW.request
        AND e.kind IN ('granted', 'declined')))
BEGIN SELECT RAISE(ABORT, 'ledger_append_only: this entry or this answer exists'); END;
CREATE TRIGGER ledger_ends_with_erasure BEFORE INSERT ON consent_event
WHEN EXISTS (SELECT 1 FROM visitor v WHERE v.site = NEW.site AND v.visitor = NEW.visitor AND v.erased_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'ledger_ends_with_erasure'); END;
CREATE TRIGGER ledger_without_holes BEFORE INSERT ON consent_event
WHEN NOT EXISTS (SELECT 1 FROM visitor v WHERE v.site = NEW.site AND v.visitor = NEW.visitor
                 AND NEW.seq = v.last_seq + 1 AND NEW.prev_hash = v.last_hash AND NEW.vseq = v.applied_vseq + 1)
BEGIN SELECT RAISE(ABORT, 'ledger_without_holes'); END;

-- The grants in force: a row exists exactly while consent is. Written by the
-- ledger's triggers; whoever else tries must be right, or is refused.
CREATE TABLE active_grant (
  site         TEXT NOT NULL,
  visitor      TEXT NOT NULL,
  purpose      TEXT NOT NULL,
  grant_id     TEXT NOT NULL,
  granted_vseq INTEGER NOT NULL,
  event_id     TEXT NOT NULL,
  valid_until  INTEGER,
  opened_by    TEXT GENERATED ALWAYS AS ('granted') STORED,
  PRIMARY KEY (site, visitor, purpose),
  UNIQUE (site, visitor, purpose, grant_id, granted_vseq),
  FOREIGN KEY (site, visitor, purpose, grant_id, opened_by, granted_vseq)
    REFERENCES consent_event (site, visitor, purpose, id, kind, vseq),
  FOREIGN KEY (site, event_id) REFERENCES consent_event (site, id)
) STRICT;

CREATE TRIGGER grant_needs_ledger BEFORE INSERT ON active_grant
WHEN NOT EXISTS (
  SELECT 1 FROM consent_event g
  WHERE g.site = NEW.site AND g.id = NEW.grant_id AND g.visitor = NEW.visitor AND g.purpose = NEW.purpose
    AND g.kind = 'granted' AND g.grant_id = g.id AND g.vseq = NEW.granted_vseq
    AND NEW.event_id = g.id AND NEW.valid_until IS g.valid_until
    AND NOT EXISTS (SELECT 1 FROM consent_event e WHERE e.site = g.site AND e.visitor = g.visitor AND e.seq > g.seq
                    AND e.kind IN ('declined', 'withdrawn', 'expired', 'erased') AND e.purpose IN (g.purpose, 'lead_contact')))
BEGIN SELECT RAISE(ABORT, 'grant_needs_ledger'); END;
CREATE TRIGGER grant_once BEFORE INSERT ON active_grant
WHEN EXISTS (SELECT 1 FROM active_grant g WHERE g.site = NEW.site AND g.visitor = NEW.visitor AND g.purpose = NEW.purpose)
BEGIN SELECT RAISE(ABORT, 'grant_once'); END;
CREATE TRIGGER grant_renewed_by_ledger BEFORE UPDATE ON active_grant
WHEN NEW.site <> OLD.site OR NEW.visitor <> OLD.visitor OR NEW.purpose <> OLD.purpose
  OR NEW.grant_id <> OLD.grant_id OR NEW.granted_vseq <> OLD.granted_vseq
  OR NOT EXISTS (SELECT 1 FROM consent_event e WHERE e.site = NEW.site AND e.id = NEW.event_id AND e.visitor = NEW.visitor
                 AND e.purpose = NEW.purpose AND e.kind = 'granted' AND e.grant_id = OLD.grant_id AND e.valid_until IS NEW.valid_until)
BEGIN SELECT RAISE(ABORT, 'grant_renewed_by_ledger'); END;
CREATE TRIGGER grant_ended_by_ledger BEFORE DELETE ON active_grant
WHEN NOT EXISTS (SELECT 1 FROM consent_event e WHERE e.site = OLD.site AND e.visitor = OLD.visitor AND e.vseq > OLD.granted_vseq
                 AND e.kind IN ('declined', 'withdrawn', 'expired', 'erased') AND e.purpose IN (OLD.purpose, 'lead_contact'))
BEGIN SELECT RAISE(ABORT, 'grant_ended_by_ledger'); END;

-- Where each purpose stands, for the overview. Derived from the ledger and
-- never asked whether somebody may be written to.
CREATE TABLE consent_status (
  site        TEXT NOT NULL,
  visitor     TEXT NOT NULL,
  purpose     TEXT NOT NULL,
  status      TEXT NOT NULL,
  event       TEXT NOT NULL,
  since       INTEGER NOT NULL,
  notice      TEXT,
  locale      TEXT,
  method      TEXT NOT NULL,
  request     TEXT,
  valid_until INTEGER,
  PRIMARY KEY (site, visitor, purpose)
) STRICT, WITHOUT ROWID;

-- Contacts collected where a site does not require consent name what said so.
CREATE TABLE policy (
  site       TEXT NOT NULL CHECK (site <> ''),
  policy     TEXT NOT NULL CHECK (policy <> ''),
  first_used INTEGER NOT NULL,
  PRIMARY KEY (site, policy)
) STRICT, WITHOUT ROWID;

-- Personal data: under a grant in force that precedes it, or under a policy.
CREATE TABLE contact (
  site          TEXT NOT NULL,
  visitor       TEXT NOT NULL,
  basis         TEXT NOT NULL,
  purpose       TEXT GENERATED ALWAYS AS ('lead_contact') STORED,
  grant_id      TEXT,
  granted_vseq  INTEGER,
  policy        TEXT,
  vseq          INTEGER NOT NULL,
  conversation  TEXT NOT NULL,
  collected_at  INTEGER NOT NULL,
  restricted_at INTEGER,
  PRIMARY KEY (site, visitor, basis),
  CONSTRAINT contact_has_one_basis CHECK (
    (basis = 'grant' AND grant_id IS NOT NULL AND granted_vseq IS NOT NULL AND policy IS NULL) OR
    (basis = 'policy' AND grant_id IS NULL AND granted_vseq IS NULL AND policy IS NOT NULL)),
  CONSTRAINT contact_follows_grant CHECK (granted_vseq IS NULL OR vseq > granted_vseq),
  FOREIGN KEY (site, visitor) REFERENCES visitor (site, visitor),
  CONSTRAINT contact_needs_grant FOREIGN KEY (site, visitor, purpose, grant_id, granted_vseq)
    REFERENCES active_grant (site, visitor, purpose, grant_id, granted_vseq) ON DELETE CASCADE,
  FOREIGN KEY (site, policy) REFERENCES policy (site, policy)
) STRICT;

CREATE TRIGGER contact_not_after_erasure BEFORE INSERT ON contact
WHEN EXISTS (SELECT 1 FROM visitor v WHERE v.site = NEW.site AND v.visitor = NEW.visitor AND v.erased_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'contact_not_after_erasure'); END;

CREATE TABLE contact_field (
  site    TEXT NOT NULL,
  visitor TEXT NOT NULL,
  basis   TEXT NOT NULL,
  field   TEXT NOT NULL CHECK (field <> ''),
  value   TEXT NOT NULL,
  -- The hash of an e-mail address or a telephone number, to find it suppressed.
  address BLOB CHECK (address IS NULL OR length(address) = 32),
  PRIMARY KEY (site, visitor, basis, field),
  CONSTRAINT address_of_a_channel CHECK (address IS NOT NULL OR field NOT IN ('email', 'phone')),
  FOREIGN KEY (site, visitor, basis) REFERENCES contact (site, visitor, basis) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Addresses that must not be written to, whoever agreed. Survives erasure,
-- which is why it holds a hash and not the address.
CREATE TABLE suppression (
  site    TEXT NOT NULL CHECK (site <> ''),
  purpose TEXT NOT NULL CHECK (purpose IN ('marketing_email', 'marketing_phone', 'marketing_sms')),
  address BLOB NOT NULL CHECK (length(address) = 32),
  reason  TEXT NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (site, purpose, address)
) STRICT, WITHOUT ROWID;

-- The proof that a visitor was erased.
CREATE TABLE tombstone (
  site        TEXT NOT NULL,
  visitor     TEXT NOT NULL,
  erased_at   INTEGER NOT NULL,
  actor       TEXT NOT NULL,
  method      TEXT NOT NULL,
  ledger_head BLOB NOT NULL,
  PRIMARY KEY (site, visitor),
  FOREIGN KEY (site, visitor) REFERENCES visitor (site, visitor)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tombstone_is_kept_update BEFORE UPDATE ON tombstone
BEGIN SELECT RAISE(ABORT, 'tombstone_is_kept'); END;
CREATE TRIGGER tombstone_is_kept_delete BEFORE DELETE ON tombstone
BEGIN SELECT RAISE(ABORT, 'tombstone_is_kept'); END;

-- Records that can never be applied, and those of the same visitor that follow.
-- A record carries no contact value, so it is kept as it is.
CREATE TABLE set_aside (
  site    TEXT NOT NULL,
  visitor TEXT NOT NULL,
  vseq    INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  reason  TEXT NOT NULL,
  record  TEXT NOT NULL,
  PRIMARY KEY (site, visitor, vseq)
) STRICT, WITHOUT ROWID;

-- What an entry of the ledger does, in the statement that writes it.
CREATE TRIGGER ledger_moves_head AFTER INSERT ON consent_event
BEGIN
  UPDATE visitor SET last_seq = NEW.seq, last_hash = NEW.row_hash WHERE site = NEW.site AND visitor = NEW.visitor;
END;

CREATE TRIGGER ledger_opens_grant AFTER INSERT ON consent_event
WHEN NEW.kind = 'granted' AND NEW.grant_id = NEW.id
BEGIN
  INSERT INTO active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id, valid_until)
  VALUES (NEW.site, NEW.visitor, NEW.purpose, NEW.id, NEW.vseq, NEW.id, NEW.valid_until);
END;

-- A renewal keeps the grant's id and number, so contacts given before it stay.
CREATE TRIGGER ledger_renews_grant AFTER INSERT ON consent_event
WHEN NEW.kind = 'granted' AND NEW.grant_id <> NEW.id
BEGIN
  SELECT RAISE(ABORT, 'renewal_of_a_grant_in_force') WHERE NOT EXISTS (
    SELECT 1 FROM active_grant g WHERE g.site = NEW.site AND g.visitor = NEW.visitor AND g.purpose = NEW.purpose AND g.grant_id = NEW.grant_id);
  UPDATE active_grant SET event_id = NEW.id, valid_until = NEW.valid_until
  WHERE site = NEW.site AND visitor = NEW.visitor AND purpose = NEW.purpose;
END;

-- The base purpose carries the others: they end with it. Contacts go by the
-- cascade of their key; what was collected under a policy goes with a
-- withdrawal too, since that is what the visitor asked for.
CREATE TRIGGER ledger_ends_grant AFTER INSERT ON consent_event
WHEN NEW.kind IN ('declined', 'withdrawn', 'expired', 'erased')
BEGIN
  DELETE FROM active_grant WHERE site = NEW.site AND visitor = NEW.visitor AND purpose = NEW.purpose;
  DELETE FROM active_grant WHERE site = NEW.site AND visitor = NEW.visitor AND NEW.purpose = 'lead_contact';
  DELETE FROM contact WHERE site = NEW.site AND visitor = NEW.visitor
    AND NEW.purpose = 'lead_contact' AND NEW.kind IN ('withdrawn', 'erased');
END;

-- A request does not hide a grant that is in force, and a renewal does not
-- change since when there is one.
CREATE TRIGGER ledger_sets_status AFTER INSERT ON consent_event
BEGIN
  INSERT INTO consent_status (site, visitor, purpose, status, event, since, notice, locale, method, request, valid_until)
  VALUES (NEW.site, NEW.visitor, NEW.purpose, NEW.kind, NEW.id, NEW.occurred_at, NEW.notice, NEW.locale, NEW.method,
          CASE WHEN NEW.kind = 'requested' THEN NEW.id ELSE NEW.request END, NEW.valid_until)
  ON CONFLICT (site, visitor, purpose) DO UPDATE SET
    status = excluded.status, event = excluded.event, notice = excluded.notice, locale = excluded.locale,
    method = excluded.method, request = excluded.request, valid_until = excluded.valid_until,
    since = CASE WHEN consent_status.status = 'granted' AND excluded.status = 'granted' THEN consent_status.since ELSE excluded.since END
  WHERE NOT (consent_status.status = 'granted' AND excluded.status IN ('requested', 'deferred'));
  UPDATE consent_status SET status = NEW.kind, event = NEW.id, since = NEW.occurred_at, method = NEW.method, valid_until = NULL
  WHERE site = NEW.site AND visitor = NEW.visitor AND purpose <> 'lead_contact' AND status = 'granted'
    AND NEW.purpose = 'lead_contact' AND NEW.kind IN ('declined', 'withdrawn', 'expired', 'erased');
END;

-- Who agreed and who did not, one row for each visitor and purpose.
CREATE VIEW consent_overview AS
SELECT v.site, v.visitor, v.first_seen, p.column1 AS purpose,
  CASE WHEN v.erased_at IS NOT NULL THEN 'erased'
       WHEN s.status = 'granted' AND s.valid_until <= CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000 THEN 'expired'
       ELSE coalesce(s.status, 'not_asked') END AS status,
  CASE WHEN v.erased_at IS NOT NULL THEN v.erased_at
       WHEN s.status = 'granted' AND s.valid_until <= CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000 THEN s.valid_until
       ELSE s.since END AS since,
  s.event, s.notice, s.locale, s.method, s.request, s.valid_until, g.grant_id, g.granted_vseq
FROM visitor v
CROSS JOIN (VALUES ('lead_contact'), ('marketing_email'), ('marketing_phone'), ('marketing_sms')) p
LEFT JOIN consent_status s ON s.site = v.site AND s.visitor = v.visitor AND s.purpose = p.column1
LEFT JOIN active_grant g ON g.site = v.site AND g.visitor = v.visitor AND g.purpose = p.column1;

-- The contacts that may be written to, and nobody else. Everything that reads
-- for marketing reads this and nothing besides.
CREATE VIEW marketing_contact AS
SELECT g.site, g.visitor, g.purpose, a.value AS address, e.id AS consent_event, e.occurred_at AS consented_at,
  (SELECT json_group_object(f.field, f.value) FROM contact_field f
   WHERE f.site = c.site AND f.visitor = c.visitor AND f.basis = c.basis) AS fields
FROM active_grant g
JOIN active_grant b ON b.site = g.site AND b.visitor = g.visitor AND b.purpose = 'lead_contact'
JOIN contact c ON c.site = b.site AND c.visitor = b.visitor AND c.basis = 'grant' AND c.grant_id = b.grant_id
JOIN contact_field a ON a.site = c.site AND a.visitor = c.visitor AND a.basis = c.basis
  AND a.field = CASE g.purpose WHEN 'marketing_email' THEN 'email' ELSE 'phone' END
JOIN visitor v ON v.site = g.site AND v.visitor = g.visitor
JOIN consent_event e ON e.site = g.site AND e.id = g.event_id
WHERE g.purpose <> 'lead_contact'
  AND (g.valid_until IS NULL OR g.valid_until > CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000)
  AND (b.valid_until IS NULL OR b.valid_until > CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000)
  AND v.erased_at IS NULL
  AND c.restricted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM suppression s WHERE s.site = g.site AND s.purpose = g.purpose AND s.address = a.address)
  -- What was set aside may be a withdrawal.
  AND NOT EXISTS (SELECT 1 FROM set_aside x WHERE x.site = g.site AND x.visitor = g.visitor);
