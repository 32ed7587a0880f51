-- A contact is kept no longer than the notice promised under which it was given,
-- whatever the site says today. keep_until is written with the contact; what was
-- there before is given what its notice says.
ALTER TABLE contact ADD COLUMN keep_until INTEGER;
UPDATE contact AS c SET keep_until = (
  SELECT c.collected_at + (n.canonical ->> '$.retention.contact_days') * 86400000000000
  FROM consent_status s JOIN notice n ON n.site = s.site AND n.hash = s.notice
  WHERE s.site = c.site AND s.visitor = c.visitor AND s.purpose = 'lead_contact' AND json_valid(n.canonical)
    AND (n.canonical ->> '$.retention.contact_days') BETWEEN 1 AND 100000);
CREATE INDEX contact_by_promise ON contact (site, keep_until) WHERE keep_until IS NOT NULL;
