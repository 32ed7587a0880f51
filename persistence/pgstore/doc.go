// Package pgstore is the contact store in PostgreSQL 15 or newer: the ledger of
// consents, the grants in force, and the contacts that hang on them.
//
// # What makes the bad row impossible
//
//	notice ◀── consent_event ──▶ chain         (numbered, hashed: by trigger)
//	               │  ▲ decision ─▶ its request (composite key)
//	       trigger ▼
//	           active_grant ◀── contact         (composite key, ON DELETE CASCADE)
//
// active_grant has a row exactly while consent is in force. Nobody has the right
// to write it; the ledger's trigger does. A contact references it by site,
// visitor, purpose, grant and the grant's number, so it cannot be written without
// the grant, goes with it in the same transaction, and cannot precede it (vseq >
// granted_vseq). Keys lock: of a flush and a withdrawal, whoever comes second
// waits, and is then refused or erases. A contact of a site that does not require
// consent references its policy instead; a constraint wants exactly one of the
// two. Order is counted and never timed: clocks are recorded, one that is wrong
// is flagged, and no row is refused for it.
//
// impossible_test.go holds what was tried against this.
//
// # Roles
//
//	zgoda_owner      owns everything; nobody logs in as it, row security binds it too
//	zgoda_app        what Store works as; cannot set clocks, numbers, hashes or grants
//	zgoda_marketing  reads the view marketing_contact and nothing else
//	zgoda_retention  deletes a ledger whose time to be proven is over, as a whole
//
// Migrate makes them where they are missing. They cannot log in. The gateway's
// login is made by hand, once, and owns nothing:
//
//	CREATE ROLE zgoda LOGIN NOINHERIT PASSWORD '…';
//	GRANT zgoda_app, zgoda_marketing TO zgoda;
//
// Its sessions begin as zgoda_app (the parameter role, which a pooler between must
// let through: session pooling, not transaction pooling), and a marketing list is
// read in a transaction of zgoda_marketing. Open refuses a login that is superuser
// or passes by row security. Migrate wants another login: a superuser, or one with
// CREATEROLE that owns the database.
//
// Every transaction names its site first (zgoda.site); row security is enabled and
// forced on every table and fails closed where the site is not set.
//
// # Applying records
//
// A batch is one transaction of two round trips. The first locks the visitors in
// the order of their names and reads where they stand. Then a planner, which asks
// nobody, decides about every record: applied, there already, not yet, shredded or
// poisoned. The second writes the rows, as many as there are in one statement for
// each table, and commits. Where the schema refuses a row that the planner thought
// right, the batch is begun again and halved under savepoints until the record is
// found that is to blame; it is set aside with the rule that refused it, and so
// are its visitor's later ones.
//
// An error means that nothing was applied, but for one case: where the connection
// is lost while the commit is on its way, ErrUnavailable may come for a batch that
// is in the store. Handing it over again is answered with AlreadyApplied.
//
// # Failures
//
// Whatever keeps the server from answering now is ErrUnavailable (ErrFull where
// its disk or memory is used up): a lost connection, a shutdown, too many
// connections, a timeout, a deadlock, a database that is read-only. A connection
// that was lost is replaced at the next call.
package pgstore
