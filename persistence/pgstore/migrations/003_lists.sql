-- What is read: the overview of who agreed and who did not, and the one list
-- that marketing may see.

-- +goose Up
SET LOCAL ROLE zgoda_owner;

-- One row for each visitor and purpose, with the rights of who reads it.
CREATE VIEW zgoda.consent_overview WITH (security_invoker) AS
SELECT v.site, v.visitor, v.first_seen, p.purpose,
  CASE WHEN v.erased_at IS NOT NULL THEN 'erased'
       WHEN s.status = 'granted' AND s.valid_until <= statement_timestamp() THEN 'expired'
       ELSE coalesce(s.status::text, 'not_asked') END AS status,
  CASE WHEN v.erased_at IS NOT NULL THEN v.erased_at
       WHEN s.status = 'granted' AND s.valid_until <= statement_timestamp() THEN s.valid_until
       ELSE s.since END AS since,
  s.event, s.notice, s.locale, s.method, s.request, s.valid_until, g.grant_id, g.granted_vseq
FROM zgoda.visitor v
CROSS JOIN (SELECT unnest(enum_range(NULL::zgoda.purpose)) AS purpose) p
LEFT JOIN zgoda.consent_status s ON s.site = v.site AND s.visitor = v.visitor AND s.purpose = p.purpose
LEFT JOIN zgoda.active_grant g ON g.site = v.site AND g.visitor = v.visitor AND g.purpose = p.purpose
WHERE v.applied_vseq > 0;

-- The contacts that may be written to, and nobody else. The view has its owner's
-- rights, because the marketing role has none on the tables; the owner is bound
-- to one site by FORCE ROW LEVEL SECURITY.
CREATE VIEW zgoda.marketing_contact WITH (security_barrier) AS
SELECT g.site, g.visitor, g.purpose, c.name, c.email, c.phone, c.custom, e.id AS consent_event, e.occurred_at AS consented_at
FROM zgoda.active_grant g
JOIN zgoda.active_grant b ON b.site = g.site AND b.visitor = g.visitor AND b.purpose = 'lead_contact'
JOIN zgoda.contact c ON c.site = b.site AND c.visitor = b.visitor AND c.grant_id = b.grant_id AND c.granted_vseq = b.granted_vseq
JOIN zgoda.visitor v ON v.site = g.site AND v.visitor = g.visitor
JOIN zgoda.consent_event e ON e.site = g.site AND e.id = g.event_id
WHERE g.purpose <> 'lead_contact'
  AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())
  AND (b.valid_until IS NULL OR b.valid_until > statement_timestamp())
  AND v.erased_at IS NULL
  AND c.restricted_at IS NULL
  AND CASE g.purpose WHEN 'marketing_email' THEN c.email ELSE c.phone END IS NOT NULL
  AND NOT EXISTS (SELECT FROM zgoda.suppression s WHERE s.site = g.site AND s.purpose = g.purpose
                  AND s.address = CASE g.purpose WHEN 'marketing_email' THEN c.email_hash ELSE c.phone_hash END)
  -- What was set aside may be a withdrawal.
  AND NOT EXISTS (SELECT FROM zgoda.set_aside x WHERE x.site = g.site AND x.visitor = g.visitor);

GRANT SELECT ON zgoda.consent_overview TO zgoda_app;
GRANT SELECT ON zgoda.marketing_contact TO zgoda_marketing;

RESET ROLE;

-- +goose Down
SET LOCAL ROLE zgoda_owner;
DROP VIEW zgoda.marketing_contact, zgoda.consent_overview;
RESET ROLE;
