package sqlitestore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

func requestRecord(site, visitor string, vseq uint64) persistence.Record {
	return persistence.Record{Site: site, Visitor: visitor, VSeq: vseq, At: testTime, Entry: &persistence.LedgerEntry{
		ID: fmt.Sprintf("%s-%d", visitor, vseq), Purpose: persistence.PurposeLead, Kind: persistence.KindRequested,
		Notice: testNotice.Hash, NoticeText: testNotice, Locale: "pl", Actor: "system", Method: "widget", OccurredAt: testTime,
	}}
}

func grantRecord(site, visitor string, vseq uint64) persistence.Record {
	id := fmt.Sprintf("%s-%d", visitor, vseq)
	return persistence.Record{Site: site, Visitor: visitor, VSeq: vseq, At: testTime, Entry: &persistence.LedgerEntry{
		ID: id, Grant: id, Purpose: persistence.PurposeLead, Kind: persistence.KindGranted, Request: fmt.Sprintf("%s-%d", visitor, vseq-1),
		Notice: testNotice.Hash, Locale: "pl", Actor: "visitor", Method: "button", OccurredAt: testTime,
	}}
}

func contactRecord(site, visitor string, vseq, granted uint64, values map[string]string) persistence.Record {
	return persistence.Record{Site: site, Visitor: visitor, VSeq: vseq, At: testTime, Contact: &persistence.ContactRecord{
		Grant: fmt.Sprintf("%s-%d", visitor, granted), GrantedVSeq: granted, Conversation: "c", Values: values,
	}}
}

func withdrawRecord(site, visitor string, vseq, granted uint64) persistence.Record {
	return persistence.Record{Site: site, Visitor: visitor, VSeq: vseq, At: testTime, Entry: &persistence.LedgerEntry{
		ID: fmt.Sprintf("%s-%d", visitor, vseq), Grant: fmt.Sprintf("%s-%d", visitor, granted), Purpose: persistence.PurposeLead,
		Kind: persistence.KindWithdrawn, Actor: "visitor", Method: "widget", OccurredAt: testTime,
	}}
}

func eraseRecord(site, visitor string, vseq uint64) persistence.Record {
	return persistence.Record{Site: site, Visitor: visitor, VSeq: vseq, At: testTime, Erase: &persistence.Erasure{
		ID: fmt.Sprintf("%s-%d", visitor, vseq), Actor: "visitor", Method: "widget",
	}}
}

// giveContact brings a visitor to a grant (number 2) and a contact under it
// (number 3).
func giveContact(visitor string, values map[string]string) []persistence.Record {
	return []persistence.Record{
		requestRecord("shop", visitor, 1), grantRecord("shop", visitor, 2), contactRecord("shop", visitor, 3, 2, values),
	}
}

func mustApply(t *testing.T, s *Store, records ...persistence.Record) {
	t.Helper()
	got, err := s.Apply(t.Context(), records[0].Site, records)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v != persistence.Applied {
			t.Fatalf("record %d of %s: verdict %d, want applied", records[i].VSeq, records[i].Visitor, v)
		}
	}
}
