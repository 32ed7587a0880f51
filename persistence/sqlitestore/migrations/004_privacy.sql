-- What people ask of the contact half: who looked, what was lost, and pages and
-- counts that do not walk a site.

-- Who looked at or changed whose personal data, when and why. No values.
CREATE TABLE audit (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  site    TEXT NOT NULL CHECK (site <> ''),
  at      INTEGER NOT NULL,
  actor   TEXT NOT NULL CONSTRAINT audit_has_an_actor CHECK (actor <> ''),
  action  TEXT NOT NULL CONSTRAINT audit_has_an_action CHECK (action <> ''),
  visitor TEXT,
  reason  TEXT NOT NULL,
  people  INTEGER NOT NULL CONSTRAINT audit_counts_people CHECK (people >= 0)
) STRICT;
CREATE INDEX audit_of_site ON audit (site, id);
CREATE INDEX audit_of_visitor ON audit (site, visitor, id) WHERE visitor IS NOT NULL;
CREATE TRIGGER audit_append_only_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;
CREATE TRIGGER audit_append_only_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;
CREATE TRIGGER audit_append_only_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit a WHERE a.id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;

-- Records of a visitor that never came, and that were passed. What is lost may be
-- a withdrawal.
CREATE TABLE lost (
  site       TEXT NOT NULL CHECK (site <> ''),
  visitor    TEXT NOT NULL CHECK (visitor <> ''),
  first_vseq INTEGER NOT NULL,
  last_vseq  INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (site, visitor, last_vseq),
  CONSTRAINT lost_is_something CHECK (0 < first_vseq AND first_vseq <= last_vseq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER lost_is_kept_update BEFORE UPDATE ON lost
BEGIN SELECT RAISE(ABORT, 'lost_is_kept'); END;
CREATE TRIGGER lost_is_kept_delete BEFORE DELETE ON lost
BEGIN SELECT RAISE(ABORT, 'lost_is_kept'); END;
CREATE TRIGGER lost_is_kept_replace BEFORE INSERT ON lost
WHEN EXISTS (SELECT 1 FROM lost l WHERE l.site = NEW.site AND l.visitor = NEW.visitor AND l.last_vseq = NEW.last_vseq)
BEGIN SELECT RAISE(ABORT, 'lost_is_kept'); END;

-- A visitor moves by one, or over what is recorded as lost.
DROP TRIGGER visitor_applies_one_by_one;
CREATE TRIGGER visitor_applies_one_by_one BEFORE UPDATE OF applied_vseq ON visitor
WHEN NEW.applied_vseq NOT IN (OLD.applied_vseq, OLD.applied_vseq + 1)
  AND NOT EXISTS (SELECT 1 FROM lost l WHERE l.site = NEW.site AND l.visitor = NEW.visitor AND l.last_vseq = NEW.applied_vseq
    AND l.first_vseq = max(OLD.applied_vseq,
      coalesce((SELECT max(x.vseq) FROM set_aside x WHERE x.site = NEW.site AND x.visitor = NEW.visitor), 0)) + 1)
BEGIN SELECT RAISE(ABORT, 'visitor_applies_one_by_one'); END;

CREATE INDEX status_by_kind ON consent_status (site, purpose, status, visitor);
CREATE INDEX field_by_address ON contact_field (site, address) WHERE address IS NOT NULL;
CREATE INDEX contact_by_age ON contact (site, collected_at);
CREATE INDEX entry_by_age ON consent_event (site, recorded_at);
CREATE INDEX grant_by_end ON active_grant (site, valid_until) WHERE valid_until IS NOT NULL;
CREATE INDEX visitor_erased ON visitor (site, visitor) WHERE erased_at IS NOT NULL;

-- Of somebody who was erased every purpose is: also what they declined.
CREATE TRIGGER erasure_reaches_statuses AFTER UPDATE OF erased_at ON visitor
WHEN OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
BEGIN
  UPDATE consent_status SET status = 'erased' WHERE site = NEW.site AND visitor = NEW.visitor AND status <> 'erased';
END;
UPDATE consent_status SET status = 'erased' WHERE status <> 'erased'
  AND EXISTS (SELECT 1 FROM visitor v WHERE v.site = consent_status.site AND v.visitor = consent_status.visitor AND v.erased_at IS NOT NULL);

-- How many visitors there are, and where their consents stand. Of the visitors as
-- a whole purpose is empty. There is one writer, so the rows are counted up.
CREATE TABLE tally (
  site    TEXT NOT NULL,
  purpose TEXT NOT NULL,
  status  TEXT NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (site, purpose, status)
) STRICT, WITHOUT ROWID;
INSERT INTO tally (site, purpose, status, n)
  SELECT site, purpose, status, count(*) FROM consent_status GROUP BY 1, 2, 3
  UNION ALL SELECT site, '', 'seen', count(*) FROM visitor GROUP BY 1
  UNION ALL SELECT site, '', 'erased', count(erased_at) FROM visitor GROUP BY 1;
CREATE TRIGGER tally_status_added AFTER INSERT ON consent_status
BEGIN
  INSERT INTO tally (site, purpose, status, n) VALUES (NEW.site, NEW.purpose, NEW.status, 1)
  ON CONFLICT (site, purpose, status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tally_status_changed AFTER UPDATE OF status ON consent_status WHEN NEW.status <> OLD.status
BEGIN
  UPDATE tally SET n = n - 1 WHERE site = OLD.site AND purpose = OLD.purpose AND status = OLD.status;
  INSERT INTO tally (site, purpose, status, n) VALUES (NEW.site, NEW.purpose, NEW.status, 1)
  ON CONFLICT (site, purpose, status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tally_visitor_added AFTER INSERT ON visitor
BEGIN
  INSERT INTO tally (site, purpose, status, n) VALUES (NEW.site, '', 'seen', 1)
  ON CONFLICT (site, purpose, status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tally_visitor_erased AFTER UPDATE OF erased_at ON visitor
WHEN OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
BEGIN
  INSERT INTO tally (site, purpose, status, n) VALUES (NEW.site, '', 'erased', 1)
  ON CONFLICT (site, purpose, status) DO UPDATE SET n = n + 1;
END;

-- A restriction is the person's and not one contact's, and what was lost may be a
-- withdrawal: until a consent that is newer, nobody is written to.
DROP VIEW marketing_contact;
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
JOIN consent_event o ON o.site = b.site AND o.id = b.event_id
WHERE g.purpose <> 'lead_contact'
  AND (g.valid_until IS NULL OR g.valid_until > CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000)
  AND (b.valid_until IS NULL OR b.valid_until > CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER) * 1000000)
  AND v.erased_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM contact r WHERE r.site = g.site AND r.visitor = g.visitor AND r.restricted_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM suppression s WHERE s.site = g.site AND s.purpose = g.purpose AND s.address = a.address)
  -- What was set aside may be a withdrawal.
  AND NOT EXISTS (SELECT 1 FROM set_aside x WHERE x.site = g.site AND x.visitor = g.visitor)
  AND NOT EXISTS (SELECT 1 FROM lost l WHERE l.site = g.site AND l.visitor = g.visitor AND l.last_vseq > min(e.vseq, o.vseq));

-- What ends by time without a grant is a contact that was kept without asking.
CREATE TRIGGER ledger_ends_policy_contact AFTER INSERT ON consent_event
WHEN NEW.kind = 'expired' AND NEW.purpose = 'lead_contact' AND NEW.grant_id IS NULL
BEGIN
  DELETE FROM contact WHERE site = NEW.site AND visitor = NEW.visitor;
END;
