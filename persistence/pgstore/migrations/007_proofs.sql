-- A ledger is kept no longer than the notices in it promised, whatever the site says
-- today.

-- +goose Up
SET LOCAL ROLE zgoda_owner;

-- promised_proof_days() is for how many days at the most a notice promises to keep the
-- proof of an answer, NULL where its text does not say so.
-- +goose StatementBegin
CREATE FUNCTION zgoda.promised_proof_days(canonical text) RETURNS integer LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  days numeric;
BEGIN
  days := canonical::json #>> '{retention,proof_days}';
  RETURN CASE WHEN days BETWEEN 1 AND 100000 THEN trunc(days) END;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;
-- +goose StatementEnd
ALTER TABLE zgoda.notice ADD COLUMN proof_days integer GENERATED ALWAYS AS (zgoda.promised_proof_days(canonical)) STORED;
GRANT SELECT (site, hash, proof_days) ON zgoda.notice TO zgoda_retention;

RESET ROLE;

-- +goose Down
SET LOCAL ROLE zgoda_owner;
REVOKE SELECT (site, hash, proof_days) ON zgoda.notice FROM zgoda_retention;
ALTER TABLE zgoda.notice DROP COLUMN proof_days;
DROP FUNCTION zgoda.promised_proof_days(text);
RESET ROLE;
