-- The login the gateways use. It may do nothing by itself and inherits nothing: `zgoda migrate up --login`
-- gives it the roles, which it takes up one at a time.
CREATE ROLE zgoda_gateway LOGIN NOINHERIT PASSWORD 'change-me-too';
