-- A contact is kept no longer than the notice promised under which it was given,
-- whatever the site says today. The promise is written with the contact, 0 is none;
-- what was there before is given what its notice says. There are few different ones
-- on a site, so what is due is looked for under each, by age.
ALTER TABLE contact ADD COLUMN contact_days INTEGER NOT NULL DEFAULT 0;
UPDATE contact AS c SET contact_days = coalesce((
  SELECT n.canonical ->> '$.retention.contact_days'
  FROM active_grant g JOIN consent_event e ON e.site = g.site AND e.id = g.event_id JOIN notice n ON n.site = e.site AND n.hash = e.notice
  WHERE g.site = c.site AND g.visitor = c.visitor AND g.purpose = 'lead_contact' AND g.grant_id = c.grant_id AND json_valid(n.canonical)
    AND (n.canonical ->> '$.retention.contact_days') BETWEEN 1 AND 100000), 0);
DROP INDEX contact_by_age;
CREATE INDEX contact_by_promise ON contact (site, contact_days, collected_at);
