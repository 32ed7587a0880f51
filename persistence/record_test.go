package persistence

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var recordTime = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

func testRecords() []Record {
	base := Record{Site: "shop", Visitor: "v1", VSeq: 7, At: recordTime}
	seen, entry, contact, restrict, free, erase := base, base, base, base, base, base
	seen.Seen = true
	entry.Entry = &LedgerEntry{
		ID: "e1", Purpose: PurposeLead, Kind: KindGranted, Request: "r1", Grant: "e1", Notice: "abc",
		NoticeText: &Notice{Hash: "abc", Locale: "pl", Canonical: `{"body":"zażółć"}`},
		Locale:     "pl", Actor: "visitor", Method: "button", OccurredAt: recordTime, ValidUntil: recordTime.Add(time.Hour),
	}
	contact.Contact = &ContactRecord{
		Grant: "e1", GrantedVSeq: 3, Fields: map[string]string{"email": "ref1"}, Conversation: "c1",
	}
	erase.Erase = &Erasure{ID: "x1", Actor: "visitor", Method: "widget"}
	restrict.Restrict = &Restriction{ID: "s1", On: true, Actor: "operator:7", Method: "console"}
	free.Restrict = &Restriction{ID: "s2", Actor: "command", Method: "command"}
	return []Record{seen, entry, contact, restrict, free, erase}
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	for _, want := range testRecords() {
		b, err := EncodeRecord(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeRecord(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("a record must come back as it was written (-want +got):\n%s", diff)
		}
	}
}

func TestP9_RecordCarriesNoContactValue(t *testing.T) {
	t.Parallel()
	r := testRecords()[2]
	r.Contact.Values = map[string]string{"email": "jan@example.test"}
	b, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("jan@")) {
		t.Errorf("contact values must not travel in the outbox, got %s", b)
	}
}

func TestDecodeRecordRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"Empty":         {``, "EOF"},
		"NotJSON":       {`seen`, "invalid"},
		"UnknownMember": {`{"site":"s","visitor":"v","vseq":1,"at":"2026-03-01T00:00:00Z","seen":true,"later":1}`, "unknown object member"},
		"Nothing":       {`{"site":"s","visitor":"v","vseq":1,"at":"2026-03-01T00:00:00Z"}`, "0 of seen"},
		"Two":           {`{"site":"s","visitor":"v","vseq":1,"at":"2026-03-01T00:00:00Z","seen":true,"erase":{"id":"x","actor":"a","method":"m"}}`, "2 of seen"},
		"NoSite":        {`{"visitor":"v","vseq":1,"seen":true}`, "no site"},
		"NoVisitor":     {`{"site":"s","vseq":1,"seen":true}`, "no visitor"},
		"NoVSeq":        {`{"site":"s","visitor":"v","seen":true}`, "no vseq"},
		"Trailing":      {`{"site":"s","visitor":"v","vseq":1,"seen":true}{}`, "after top-level value"},
		"Duplicate":     {`{"site":"s","site":"t","visitor":"v","vseq":1,"at":"2026-03-01T00:00:00Z","seen":true}`, "duplicate"},
		"OtherCase":     {`{"Site":"s","visitor":"v","vseq":1,"at":"2026-03-01T00:00:00Z","seen":true}`, "unknown object member"},
		"NotUTF8":       {"{\"site\":\"\xff\",\"visitor\":\"v\",\"vseq\":1,\"at\":\"2026-03-01T00:00:00Z\",\"seen\":true}", "UTF-8"},
		"Restricted":    {`{"site":"s","visitor":"v","vseq":1,"at":"2026-03-01T00:00:00Z","seen":true,"restrict":{"id":"x","on":true,"actor":"a","method":"m"}}`, "2 of seen"},
		"InRestrict":    {`{"site":"s","visitor":"v","vseq":1,"at":"2026-03-01T00:00:00Z","restrict":{"id":"x","on":true,"actor":"a","method":"m","until":1}}`, "unknown object member"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := DecodeRecord([]byte(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestEncodeRecordRefusesWhatCannotBeDecoded(t *testing.T) {
	t.Parallel()
	if _, err := EncodeRecord(Record{Site: "s", Visitor: "v", VSeq: 1}); err == nil {
		t.Error("a record without content must be refused before it is sealed")
	}
}

func FuzzDecodeRecord(f *testing.F) {
	for _, r := range testRecords() {
		b, err := EncodeRecord(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRecord(b)
		if err != nil {
			return
		}
		again, err := EncodeRecord(r)
		if err != nil {
			t.Fatalf("what was decoded must be encodable: %v", err)
		}
		r2, err := DecodeRecord(again)
		if err != nil {
			t.Fatalf("what was encoded must be decodable: %v", err)
		}
		if diff := cmp.Diff(r, r2); diff != "" {
			t.Errorf("a decoded record must survive a round trip (-first +second):\n%s", diff)
		}
	})
}
