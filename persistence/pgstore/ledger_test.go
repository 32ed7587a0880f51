package pgstore

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"zgoda/persistence"
)

// TestC20_TamperingIsFound: what a superuser who switches the rules off does to
// a ledger breaks its chain (C11, C20).
func TestC20_TamperingIsFound(t *testing.T) {
	t.Parallel()
	forgeries := map[string]string{
		"a changed entry":          `UPDATE zgoda.consent_event SET method = 'phrase' WHERE id = 'anna-3'`,
		"a changed time":           `UPDATE zgoda.consent_event SET occurred_at = occurred_at - interval '1 day' WHERE id = 'anna-3'`,
		"a changed database clock": `UPDATE zgoda.consent_event SET recorded_at = recorded_at + interval '1 microsecond' WHERE id = 'anna-3'`,
		"an entry moved to another": `INSERT INTO zgoda.visitor (site, visitor, first_seen) VALUES ('shop', 'jan', now());
			UPDATE zgoda.consent_event SET visitor = 'jan' WHERE id = 'anna-4'`,
		"a removed entry": `DELETE FROM zgoda.consent_event WHERE id = 'anna-3'`,
		"a removed end":   `DELETE FROM zgoda.consent_event WHERE id = 'anna-4'; DELETE FROM zgoda.chain WHERE entry = 'anna-4'`,
		"an added entry": `INSERT INTO zgoda.consent_event (site, visitor, vseq, id, purpose, kind, actor, method, occurred_at)
			VALUES ('shop', 'anna', 9, 'x', 'lead_contact', 'expired', 'system', 'timer', now())`,
		"a changed hash":  `UPDATE zgoda.chain SET row_hash = sha256('x') WHERE entry = 'anna-3'`,
		"entries swapped": `UPDATE zgoda.chain SET seq = 5 - seq WHERE visitor = 'anna' AND seq IN (2, 3)`,
		"a false head":    `UPDATE zgoda.visitor SET last_hash = sha256('x')`,
	}
	s, d := openTest(t)
	mustApply(t, s, append(granted("shop", "anna"), withdrawRecord("shop", "anna", 4, 3))...)
	if err := s.VerifyChain(t.Context(), "shop", "anna"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, forgery := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDatabase(t, d.name)
			d.exec(t, "postgres", `SET session_replication_role = replica; ALTER TABLE zgoda.chain DROP CONSTRAINT chain_pkey; `+forgery)
			if err := d.open(t).VerifyChain(t.Context(), "shop", "anna"); err == nil {
				t.Errorf("%s must break the chain", name)
			}
		})
	}
}

// TestE31_WrongClockOnlyFlags: order is counted and not timed, so no record is
// refused for what a clock says (C11, E31 as superseded).
func TestE31_WrongClockOnlyFlags(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, template)
	var log bytes.Buffer
	s := d.open(t, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	ahead := gave("shop", "ahead", map[string]string{"name": "Anna"})
	for i := range ahead {
		ahead[i].At = time.Now().Add(time.Hour)
		if ahead[i].Entry != nil {
			ahead[i].Entry.OccurredAt = ahead[i].At
		}
	}
	mustApply(t, s, ahead...)
	back := append(granted("shop", "back"), withdrawRecord("shop", "back", 4, 3))
	back[3].Entry.OccurredAt = back[2].Entry.OccurredAt.Add(-time.Hour)
	mustApply(t, s, back[:3]...)
	mustApply(t, s, back[3])
	forever := granted("shop", "forever")
	forever[2].Entry.ValidUntil = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	mustApply(t, s, forever...)

	if n := d.number(t, `SELECT count(*) FROM zgoda.consent_event WHERE clock_ahead AND visitor = 'ahead'`); n != 2 {
		t.Errorf("entries of a clock that is an hour ahead must be flagged, %d are", n)
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.chain WHERE clock_back AND entry = 'back-4'`); n != 1 {
		t.Error("an entry of a clock that went back must be flagged")
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.consent_event WHERE clock_ahead`) + d.number(t, `SELECT count(*) FROM zgoda.chain WHERE clock_back`); n != 3 {
		t.Errorf("entries whose clock is right must not be flagged, %d flags", n)
	}
	if !strings.Contains(log.String(), "clock is wrong") || strings.Contains(log.String(), "Anna") {
		t.Errorf("a clock that is ahead must be said once, without values, got %s", log.String())
	}
	for _, v := range []string{"ahead", "back", "forever"} {
		if err := s.VerifyChain(t.Context(), "shop", v); err != nil {
			t.Errorf("%s: %v", v, err)
		}
	}
}

// TestP8_AnyOrderAnyNumber hands records over duplicated, reordered and replayed,
// in batches of any size, until all are taken: each must take effect once.
func TestP8_AnyOrderAnyNumber(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	rng := rand.New(rand.NewPCG(7, 7))
	want := map[string]map[string]string{}
	var records []persistence.Record
	for _, v := range []string{"a", "b", "c", "d", "e"} {
		records = append(records, gave("shop", v, map[string]string{"name": v})...)
		want[v] = map[string]string{"name": v}
		if v > "b" {
			records = append(records, withdrawRecord("shop", v, 5, 3), contactRecord("shop", v, 6, 3, map[string]string{"name": "late"}))
			want[v] = nil
		}
		if v > "d" {
			records = append(records, requestRecord("shop", v, 7), grantRecord("shop", v, 8), contactRecord("shop", v, 9, 8, map[string]string{"name": "again"}))
			want[v] = map[string]string{"name": "again"}
		}
	}
	taken := map[string]uint64{}
	for len(taken) < 5 || slices.ContainsFunc(records, func(r persistence.Record) bool { return taken[r.Visitor] < r.VSeq }) {
		batch := make([]persistence.Record, 1+rng.IntN(12))
		for i := range batch {
			batch[i] = records[rng.IntN(len(records))]
		}
		verdicts, err := s.Apply(t.Context(), "shop", batch)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range batch {
			done := verdicts[i] == persistence.Applied || verdicts[i] == persistence.Shredded
			switch {
			case verdicts[i] == persistence.Poisoned, done != (r.VSeq == taken[r.Visitor]+1),
				verdicts[i] == persistence.AlreadyApplied != (r.VSeq <= taken[r.Visitor]):
				t.Fatalf("record %d of %s after %d: verdict %d", r.VSeq, r.Visitor, taken[r.Visitor], verdicts[i])
			case done:
				taken[r.Visitor]++
			}
		}
	}
	for v, fields := range want {
		r, err := s.Visitor(t.Context(), "shop", v)
		if err != nil || r.Fields["name"] != fields["name"] {
			t.Errorf("%s must have %v, got %v %v", v, fields, r.Fields, err)
		}
		if err := s.VerifyChain(t.Context(), "shop", v); err != nil {
			t.Error(err)
		}
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.set_aside`); n != 0 {
		t.Errorf("nothing was wrong with any record, %d were set aside", n)
	}
}

// TestP8_PoisonBlocksNobodyElse puts records that the schema refuses, and text
// that the database cannot keep, into a large batch.
func TestP8_PoisonBlocksNobodyElse(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	spoil := map[string]func(persistence.Record) persistence.Record{
		"p-actor":   func(r persistence.Record) persistence.Record { r.Entry.Actor = "operator:1"; return r },
		"p-zero":    func(r persistence.Record) persistence.Record { r.Entry.Method = "but\x00ton"; return r },
		"p-utf8":    func(r persistence.Record) persistence.Record { r.Entry.ID = "\xff"; return r },
		"p-long":    func(r persistence.Record) persistence.Record { r.Entry.ID = strings.Repeat("x", 3000); return r },
		"p-purpose": func(r persistence.Record) persistence.Record { r.Entry.Purpose = "resale"; return r },
		"p-notice": func(r persistence.Record) persistence.Record {
			r.Entry.Notice = strings.ToUpper(r.Entry.Notice)
			return r
		},
		"p-empty": func(r persistence.Record) persistence.Record { r.Entry = nil; return r },
	}
	var records []persistence.Record
	want := []persistence.Verdict{}
	for i := range 60 {
		v := string(rune('A' + i))
		records = append(records, gave("shop", v, map[string]string{"name": v})...)
		want = append(want, persistence.Applied, persistence.Applied, persistence.Applied, persistence.Applied)
	}
	for v, change := range spoil {
		bad := gave("shop", v, map[string]string{"name": v})
		bad[2] = change(bad[2])
		records = append(records, bad...)
		want = append(want, persistence.Applied, persistence.Applied, persistence.Poisoned, persistence.Poisoned)
	}
	for range 2 {
		got, err := s.Apply(t.Context(), "shop", records)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("poison must be set aside with what follows it and nothing else, got %v %v, want %v", got, err, want)
		}
		for i, v := range want {
			if v == persistence.Applied {
				want[i] = persistence.AlreadyApplied
			}
		}
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.contact`); n != 60 {
		t.Errorf("the others' contacts must be there, got %d", n)
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.set_aside WHERE reason ~ '^p-' OR reason ILIKE '%key (%'`); n != 0 {
		t.Errorf("a reason must not repeat what the row held, %d do", n)
	}
}
