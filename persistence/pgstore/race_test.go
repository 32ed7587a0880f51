package pgstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"zgoda/persistence"
)

// rounds is small, or what a proof is run with.
func rounds(small, full int) int {
	if os.Getenv("ZGODA_PROVE") != "" {
		return full
	}
	return small
}

const (
	// contactsWithoutGrant counts what must not exist, told from the ledger and
	// not from the grants.
	contactsWithoutGrant = `SELECT count(*) FROM zgoda.contact c WHERE c.basis = 'grant' AND NOT EXISTS (
		SELECT FROM zgoda.consent_event g WHERE g.site = c.site AND g.visitor = c.visitor AND g.id = c.grant_id AND g.kind = 'granted'
		AND g.vseq = c.granted_vseq AND g.vseq < c.vseq AND NOT EXISTS (SELECT FROM zgoda.consent_event e WHERE e.site = g.site
		AND e.visitor = g.visitor AND e.vseq > g.vseq AND e.purpose = 'lead_contact' AND e.kind IN ('declined', 'withdrawn', 'expired', 'erased')))`
	// grantsAstray counts grants that the ledger does not have in force, and
	// those that it has and that are lost.
	grantsAstray = `SELECT count(*) FROM (
		SELECT g.site, g.visitor, g.id FROM zgoda.consent_event g WHERE g.kind = 'granted' AND g.grant_id = g.id AND NOT EXISTS (
			SELECT FROM zgoda.consent_event e WHERE e.site = g.site AND e.visitor = g.visitor AND e.vseq > g.vseq
			AND e.purpose IN (g.purpose, 'lead_contact') AND e.kind IN ('declined', 'withdrawn', 'expired', 'erased'))) l
		FULL JOIN zgoda.active_grant a ON a.site = l.site AND a.visitor = l.visitor AND a.grant_id = l.id
		WHERE a.grant_id IS NULL OR l.id IS NULL`
)

func (d *database) mustBeConsistent(t *testing.T) {
	t.Helper()
	if n := d.number(t, contactsWithoutGrant); n != 0 {
		t.Errorf("never a contact without a grant, there are %d", n)
	}
	if n := d.number(t, grantsAstray); n != 0 {
		t.Errorf("never a lost grant and never one too many, there are %d", n)
	}
}

// TestP7_FlushAgainstWithdrawal lets flushers with overlapping batches race for
// the same visitors, the contact before the withdrawal and behind it (C28, E2).
func TestP7_FlushAgainstWithdrawal(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	values := map[string]string{"name": "Anna"}
	n := rounds(60, 10_000)
	var wg sync.WaitGroup
	work := make(chan int)
	for range 3 {
		wg.Go(func() {
			for i := range work {
				raceOne(t, s, fmt.Sprintf("v%d", i), i%2 == 0, values)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	d.mustBeConsistent(t)
	if got := d.number(t, `SELECT count(*) FROM zgoda.contact`); got != 0 {
		t.Errorf("every visitor withdrew, %d contacts are left", got)
	}
	if got := d.number(t, `SELECT count(*) FROM zgoda.tombstone`) + d.number(t, `SELECT count(*) FROM zgoda.set_aside`); got != 0 {
		t.Errorf("nothing was wrong with any record, %d were set aside", got)
	}
}

// raceOne hands one visitor's last two records over from two sides, until both
// have been taken.
func raceOne(t *testing.T, s *Store, visitor string, contactFirst bool, values map[string]string) {
	first := contactRecord("shop", visitor, 4, 3, values)
	second := withdrawRecord("shop", visitor, 5, 3)
	if !contactFirst {
		first, second = withdrawRecord("shop", visitor, 4, 3), contactRecord("shop", visitor, 5, 3, values)
	}
	mustApply(t, s, granted("shop", visitor)...)
	sides := [2][]persistence.Record{{first, second}, {second, first}}
	var taken [2]int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, side := range sides {
		wg.Go(func() {
			for try := 0; ; try++ {
				verdicts, err := s.Apply(t.Context(), "shop", side)
				if err != nil || try > 100 {
					t.Errorf("%s: try %d: %v", visitor, try, err)
					return
				}
				mu.Lock()
				done := true
				for i, v := range verdicts {
					if v == persistence.Applied || v == persistence.Shredded {
						taken[side[i].VSeq-4]++
					}
					done = done && v != persistence.NotYet
				}
				mu.Unlock()
				if done {
					return
				}
			}
		})
	}
	wg.Wait()
	if taken != [2]int{1, 1} {
		t.Errorf("%s: each record must be taken once, got %v", visitor, taken)
	}
}

// TestP7_LocksDecide is the same race in plain SQL, each order made certain: the
// second comes while the first has not committed, waits, and then erases or is
// refused.
func TestP7_LocksDecide(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	flush, withdraw, watch := d.session(t), d.session(t), d.session(t)
	for i := range rounds(20, 10_000) {
		v := fmt.Sprintf("v%d", i)
		mustApply(t, s, granted("shop", v)...)
		put := putContact(fmt.Sprintf(`'shop', '%s', '%s-3', 3, 5`, v, v))
		end := putEntry(fmt.Sprintf(`'shop', '%s', 4, '%s-4', 'lead_contact', 'withdrawn', NULL, '%s-3', 'pl', 'visitor', 'widget'`, v, v, v))
		if i%2 == 0 {
			if err := overlap(t.Context(), flush, put, withdraw, end, watch); err != nil {
				t.Fatalf("a withdrawal that comes second must erase: %v", err)
			}
			continue
		}
		err := overlap(t.Context(), withdraw, end, flush, put, watch)
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || pe.ConstraintName != "contact_needs_grant" {
			t.Fatalf("a flush that comes second must be refused by its key, got %v", err)
		}
	}
	d.mustBeConsistent(t)
	if n := d.number(t, `SELECT count(*) FROM zgoda.contact`); n != 0 {
		t.Errorf("every visitor withdrew, %d contacts are left", n)
	}
}

// session is a connection as the gateway's login has it, on the site shop.
func (d *database) session(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.dsn(login))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), `SET ROLE zgoda_app; SET zgoda.site = 'shop'`); err != nil {
		t.Fatal(err)
	}
	return conn
}

// overlap runs one statement, begins another that must wait for it, commits the
// first, and returns what became of the second.
func overlap(ctx context.Context, a *pgx.Conn, first string, b *pgx.Conn, second string, watch *pgx.Conn) error {
	tx, err := a.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, first); err != nil {
		return fmt.Errorf("first: %w", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := b.Exec(ctx, second)
		done <- err
	}()
	for waits := false; !waits; {
		select {
		case err := <-done:
			return fmt.Errorf("the second did not wait for the first: %w", err)
		default:
		}
		err := watch.QueryRow(ctx, `SELECT $1 = ANY (pg_blocking_pids($2))`, int32(a.PgConn().PID()), int32(b.PgConn().PID())).Scan(&waits)
		if err != nil {
			return err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	return <-done
}
