-- A contact is kept no longer than the notice promised under which it was given,
-- whatever the site says today.

-- +goose Up
SET LOCAL ROLE zgoda_owner;

-- promised_days() is for how many days at the most a notice promises to keep a
-- contact, NULL where its text does not say so.
-- +goose StatementBegin
CREATE FUNCTION zgoda.promised_days(canonical text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  days numeric;
BEGIN
  days := canonical::json #>> '{retention,contact_days}';
  RETURN CASE WHEN days BETWEEN 1 AND 100000 THEN trunc(days) END;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;
-- +goose StatementEnd
ALTER TABLE zgoda.notice ADD COLUMN contact_days integer GENERATED ALWAYS AS (zgoda.promised_days(canonical)) STORED;

-- keep_until is written with the contact. What is there is given what its notice
-- says; the owner is bound to one site by FORCE, which is lifted for this
-- transaction alone.
ALTER TABLE zgoda.contact ADD COLUMN keep_until timestamptz;
ALTER TABLE zgoda.contact NO FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.consent_status NO FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.notice NO FORCE ROW LEVEL SECURITY;
UPDATE zgoda.contact c SET keep_until = c.collected_at + n.contact_days * interval '24 hours'
  FROM zgoda.consent_status s JOIN zgoda.notice n ON n.site = s.site AND n.hash = s.notice
  WHERE s.site = c.site AND s.visitor = c.visitor AND s.purpose = 'lead_contact' AND n.contact_days IS NOT NULL;
ALTER TABLE zgoda.contact FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.consent_status FORCE ROW LEVEL SECURITY;
ALTER TABLE zgoda.notice FORCE ROW LEVEL SECURITY;
CREATE INDEX contact_by_promise ON zgoda.contact (site, keep_until) WHERE keep_until IS NOT NULL;

GRANT INSERT (keep_until), UPDATE (keep_until) ON zgoda.contact TO zgoda_app;

RESET ROLE;

-- +goose Down
SET LOCAL ROLE zgoda_owner;
ALTER TABLE zgoda.contact DROP COLUMN keep_until;
ALTER TABLE zgoda.notice DROP COLUMN contact_days;
DROP FUNCTION zgoda.promised_days(text);
RESET ROLE;
