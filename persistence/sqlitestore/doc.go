// Package sqlitestore keeps both halves of the persistence contracts in one
// SQLite file, for a site that runs on one machine.
//
// # One writer, many readers
//
//	Commit, Apply, Acknowledge, Trim ──▶ writer goroutine ──▶ BEGIN IMMEDIATE
//	  (each waits for its answer)         takes all that wait    SAVEPOINT … RELEASE  (per job)
//	                                                           COMMIT               (one wait for the disk)
//	Load, Positions, Overview, …  ──▶ one of a few read-only connections, one snapshot each
//
// The file runs with WAL and synchronous=FULL: what was answered is on the disk.
// Waiting for the disk is what costs, so the writer answers everybody who waited
// at the same time with one wait. Nothing is answered before its COMMIT came
// back. A job that the schema refuses is undone alone; a disk that fails undoes
// the batch, and everybody in it is told to try again. A COMMIT that fails is
// ErrUnknown, except on a full disk, where SQLite is known not to have written
// the page that would make it count.
//
// One process at a time writes: Open takes a lock on a file beside the store.
// Commands that only read open it beside a live gateway with Options.ReadOnly.
//
// # Erased means gone from the files
//
// After a commit that erases, drops or corrects contact data the write-ahead log
// is copied into the file and emptied before the caller is answered. A reader
// that is in the way delays that; it is tried again, and again at the next
// start.
//
// secure_delete=ON is not enough for that, which was measured: it overwrites
// what is deleted, not what is moved. When SQLite spreads rows over pages anew it
// leaves copies in the unused part of the old page, and a later DELETE of the row
// does not know of them. So checkpoints are our own, and on the way from the log
// into the file the unused part of every page is overwritten (scrub.go). Trim looks
// through the whole file besides, for what came into it without us.
// temp_store=MEMORY keeps SQLite from writing rows to temporary files. Nothing
// here reaches copies of the file that somebody made, or blocks that a file
// system or a disk keeps by itself.
//
// # What this store cannot do
//
// SQLite has no roles and no row security. The rules of the contact half
// (a contact needs a grant that is in force and precedes it, the ledger only
// grows, a text that was shown never changes) are constraints and triggers, so no
// statement of this program can break them. But whoever can write the file can
// drop a trigger, and whoever can read it reads every site's contacts: they
// stand there in clear. Sites are kept apart by their name in every key and in
// every query, not by the database. The hash chain of each visitor's ledger
// (VerifyChain) shows what was changed behind the program's back. Marketing
// reads one view and nothing besides, but nothing stops another program from
// reading the tables. Where that is not enough, use Postgres.
package sqlitestore

import _ "modernc.org/sqlite" // the driver
