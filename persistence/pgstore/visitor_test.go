package pgstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
)

// testNotice is the one text that the visitors of these tests are shown.
var testNotice = func() *persistence.Notice {
	n := &persistence.Notice{Locale: "pl", Canonical: `{"body":"Zgoda?","retention":{"contact_days":90}}`}
	sum := sha256.Sum256([]byte(n.Canonical))
	n.Hash = hex.EncodeToString(sum[:])
	return n
}()

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// asTest is who asks in these tests.
var asTest = persistence.Access{Actor: "operator:test"}

func record(site, visitor string, vseq uint64) persistence.Record {
	return persistence.Record{Site: site, Visitor: visitor, VSeq: vseq, At: testTime.Add(time.Duration(vseq) * time.Second)}
}

func seenRecord(site, visitor string, vseq uint64) persistence.Record {
	r := record(site, visitor, vseq)
	r.Seen = true
	return r
}

func entryRecord(site, visitor string, vseq uint64, l persistence.LedgerEntry) persistence.Record {
	r := record(site, visitor, vseq)
	if l.ID == "" {
		l.ID = entryID(visitor, vseq)
	}
	if l.Purpose == "" {
		l.Purpose = persistence.PurposeLead
	}
	if l.Actor == "" {
		l.Actor, l.Method = "visitor", "button"
	}
	l.OccurredAt = r.At
	r.Entry = &l
	return r
}

func entryID(visitor string, vseq uint64) string { return fmt.Sprintf("%s-%d", visitor, vseq) }

func requestRecord(site, visitor string, vseq uint64) persistence.Record {
	return entryRecord(site, visitor, vseq, persistence.LedgerEntry{
		Kind: persistence.KindRequested, Notice: testNotice.Hash, NoticeText: testNotice, Locale: "pl", Actor: "system", Method: "widget",
	})
}

// grantRecord answers the record before it.
func grantRecord(site, visitor string, vseq uint64) persistence.Record {
	return entryRecord(site, visitor, vseq, persistence.LedgerEntry{
		Kind: persistence.KindGranted, Grant: entryID(visitor, vseq), Request: entryID(visitor, vseq-1), Notice: testNotice.Hash, Locale: "pl",
	})
}

func contactRecord(site, visitor string, vseq, granted uint64, values map[string]string) persistence.Record {
	r := record(site, visitor, vseq)
	r.Contact = &persistence.ContactRecord{
		Grant: entryID(visitor, granted), GrantedVSeq: granted, Conversation: "c", Values: values,
		Fields: map[string]string{"email": "ref"},
	}
	return r
}

func withdrawRecord(site, visitor string, vseq, granted uint64) persistence.Record {
	return entryRecord(site, visitor, vseq, persistence.LedgerEntry{
		Kind: persistence.KindWithdrawn, Grant: entryID(visitor, granted), Actor: "visitor", Method: "widget",
	})
}

func eraseRecord(site, visitor string, vseq uint64) persistence.Record {
	r := record(site, visitor, vseq)
	r.Erase = &persistence.Erasure{ID: entryID(visitor, vseq), Actor: "visitor", Method: "widget"}
	return r
}

// granted brings a visitor to a grant, which is number 3.
func granted(site, visitor string) []persistence.Record {
	return []persistence.Record{seenRecord(site, visitor, 1), requestRecord(site, visitor, 2), grantRecord(site, visitor, 3)}
}

// gave brings a visitor to a contact under that grant, which is number 4.
func gave(site, visitor string, values map[string]string) []persistence.Record {
	return append(granted(site, visitor), contactRecord(site, visitor, 4, 3, values))
}

func mustApply(t testing.TB, s *Store, records ...persistence.Record) {
	t.Helper()
	got, err := s.Apply(t.Context(), records[0].Site, records)
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Repeat([]persistence.Verdict{persistence.Applied}, len(records)); !slices.Equal(got, want) {
		t.Fatalf("verdicts %v of %s, want all applied", got, records[0].Visitor)
	}
}
