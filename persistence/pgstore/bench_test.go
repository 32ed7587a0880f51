package pgstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

// benchBatch is how many visitors' records go into one call: with four records
// each it is what the flusher moves at a time.
const benchBatch = 250

// bareTables have the columns and the primary keys of the store's and nothing
// else: no other key, no constraint, no trigger, no row security, no roles.
const bareTables = `CREATE SCHEMA bare;
	CREATE TABLE bare.visitor (LIKE zgoda.visitor INCLUDING DEFAULTS, PRIMARY KEY (site, visitor));
	CREATE TABLE bare.event (LIKE zgoda.consent_event, seq bigint, row_hash bytea, PRIMARY KEY (site, id));
	CREATE TABLE bare.active_grant (LIKE zgoda.active_grant INCLUDING DEFAULTS, PRIMARY KEY (site, visitor, purpose));
	CREATE TABLE bare.status (LIKE zgoda.consent_status INCLUDING DEFAULTS, PRIMARY KEY (site, visitor, purpose));
	CREATE TABLE bare.contact (LIKE zgoda.contact INCLUDING DEFAULTS, PRIMARY KEY (site, visitor, basis));`

const (
	bareVisitor = `INSERT INTO bare.visitor (site, visitor, first_seen, applied_vseq, last_seq, last_hash, last_at) VALUES ($1, $2, $3, $4, 2, $5, $3)`
	bareEvent   = `INSERT INTO bare.event (site, visitor, seq, vseq, id, purpose, kind, request, request_kind, grant_id, notice, locale, actor, method,
		occurred_at, recorded_at, clock_ahead, row_hash)
		VALUES ($1, $2, $3, $4, $5, 'lead_contact', $6::text::zgoda.kind, $7, 'requested', $8, $9, 'pl', 'visitor', 'button', $10, $10, false, $11)`
	bareGrant  = `INSERT INTO bare.active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id) VALUES ($1, $2, 'lead_contact', $3, 3, $3)`
	bareStatus = `INSERT INTO bare.status (site, visitor, purpose, status, event, since, notice, locale, method, request)
		VALUES ($1, $2, 'lead_contact', 'granted', $3, $4, $5, 'pl', 'button', $6)`
	bareContact = `INSERT INTO bare.contact (site, visitor, basis, purpose, grant_id, granted_vseq, vseq, conversation, collected_at, recorded_at,
		name, email, phone, custom, email_hash, phone_hash)
		VALUES ($1, $2, 'grant', 'lead_contact', $3, 3, 4, $4, $5, $5, $6, $7, $8, $9, $10, $11)`
	bareMove = `UPDATE bare.visitor SET applied_vseq = 4 WHERE site = $1 AND visitor = $2`
)

var benchValues = map[string]string{
	"name": "Anna Kowalska", "email": "anna.kowalska@example.test", "phone": "+48 600 000 000", "enquiry": "two pairs, size 38",
}

// BenchmarkContactsFlushed flushes contacts of visitors, and beside it writes the
// same rows with a bare pgx batch, in turns, so that both meet the same machine.
// FromTheStart brings each visitor from the first act to the contact,
// ContactsOnly has their grants in the store before.
func BenchmarkContactsFlushed(b *testing.B) {
	b.Run("FromTheStart", func(b *testing.B) { benchFlush(b, false) })
	b.Run("ContactsOnly", func(b *testing.B) { benchFlush(b, true) })
}

func benchFlush(b *testing.B, contactsOnly bool) {
	d := newDatabase(b, template)
	s := d.open(b, func(o *Options) { o.MaxConns = 1 })
	d.exec(b, "postgres", bareTables)
	ctx := context.Background()
	bare, err := pgx.Connect(ctx, d.dsn("postgres"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = bare.Close(ctx) }()
	var ours, floor time.Duration
	oursCPU, floorCPU := backendCPU(b, s.pool), backendCPU(b, bare)
	for i := range b.N {
		names := make([]string, benchBatch)
		var records []persistence.Record
		for j := range names {
			names[j] = fmt.Sprintf("v_%08x%08x", (i*benchBatch+j)*2654435761%(1<<32), i*benchBatch+j)
			if contactsOnly {
				mustApplyLater := granted("shop", names[j])
				records = append(records, mustApplyLater...)
			} else {
				records = append(records, gave("shop", names[j], benchValues)...)
			}
		}
		if contactsOnly {
			mustApply(b, s, records...)
			records = records[:0]
			for _, n := range names {
				records = append(records, contactRecord("shop", n, 4, 3, benchValues))
			}
			bareFlush(b, s, bare, names, true, false)
		}
		began := time.Now()
		mustApply(b, s, records...)
		ours += time.Since(began)
		began = time.Now()
		bareFlush(b, s, bare, names, !contactsOnly, true)
		floor += time.Since(began)
	}
	n := float64(b.N * benchBatch)
	b.ReportMetric(n/ours.Seconds(), "contacts/s")
	b.ReportMetric(n/floor.Seconds(), "bare/s")
	b.ReportMetric(floor.Seconds()/ours.Seconds(), "of_bare")
	// Beside the clock, what the server's processes used: it says the same on a
	// machine that is busy with other things.
	if !contactsOnly {
		b.ReportMetric(float64(floorCPU())/float64(oursCPU()), "cpu_of_bare")
	}
	b.ReportMetric(0, "ns/op")
}

// backendCPU returns how much processor time the server's process of the one
// connection has used since, in the system's ticks.
func backendCPU(b *testing.B, conn interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) func() int {
	b.Helper()
	var pid int
	if err := conn.QueryRow(b.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		b.Fatal(err)
	}
	ticks := func() int {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			b.Skipf("LOUD: the server's processor time is read on Linux only: %v", err)
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):]))
		user, errUser := strconv.Atoi(fields[12])
		system, errSystem := strconv.Atoi(fields[13])
		if err := errors.Join(errUser, errSystem); err != nil {
			b.Fatal(err)
		}
		return user + system
	}
	before := ticks()
	return func() int { return ticks() - before }
}

func bareFlush(b *testing.B, s *Store, conn *pgx.Conn, names []string, ledger, contact bool) {
	var batch pgx.Batch
	batch.Queue("BEGIN")
	hash := make([]byte, 32)
	notice := noticeHash(testNotice.Hash)
	for _, v := range names {
		request, grant := entryID(v, 2), entryID(v, 3)
		if ledger {
			applied := 3
			if contact {
				applied = 4
			}
			batch.Queue(bareVisitor, "shop", v, testTime, applied, hash)
			batch.Queue(bareEvent, "shop", v, 1, 2, request, "requested", nil, nil, notice, testTime, hash)
			batch.Queue(bareEvent, "shop", v, 2, 3, grant, "granted", request, grant, notice, testTime, hash)
			batch.Queue(bareGrant, "shop", v, grant)
			batch.Queue(bareStatus, "shop", v, grant, testTime, notice, request)
		}
		if contact {
			c, err := s.columns("shop", benchValues)
			if err != nil {
				b.Fatal(err)
			}
			batch.Queue(bareContact, "shop", v, grant, "c", testTime, c.name, c.email, c.phone, c.custom, c.emailHash, c.phoneHash)
			if !ledger {
				batch.Queue(bareMove, "shop", v)
			}
		}
	}
	batch.Queue("COMMIT")
	if err := conn.SendBatch(context.Background(), &batch).Close(); err != nil {
		b.Fatal(err)
	}
}
