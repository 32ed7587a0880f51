package persistence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// proofOf makes the proof of a visitor who declined, agreed and withdrew, chained
// in one of the two formats.
func proofOf(format string) Proof {
	text := `{"body":"May we keep your contact?"}`
	sum := sha256.Sum256([]byte(text))
	notice := Notice{Hash: hex.EncodeToString(sum[:]), Locale: "pl", Canonical: text}
	p := Proof{Site: "shop", Visitor: "v_1", AsOf: recordTime, Format: format, Notices: []Notice{notice}}
	add := func(l LedgerEntry) {
		n := uint64(len(p.Entries)) + 1
		l.ID, l.Purpose, l.Notice, l.Locale = fmt.Sprintf("e%d", n), PurposeLead, notice.Hash, "pl"
		l.OccurredAt = recordTime.Add(time.Duration(n) * time.Second)
		e := ProofEntry{LedgerEntry: l, Seq: n, VSeq: n + 1, RecordedAt: l.OccurredAt.Add(time.Minute)}
		var prev []byte
		if n > 1 {
			prev, _ = hex.DecodeString(p.Head)
		}
		e.Hash = hex.EncodeToString(p.Link(prev, &e))
		p.Entries, p.Head = append(p.Entries, e), e.Hash
	}
	add(LedgerEntry{Kind: KindRequested, Actor: "system", Method: "widget"})
	add(LedgerEntry{Kind: KindDeclined, Request: "e1", Actor: "visitor", Method: "button"})
	add(LedgerEntry{Kind: KindRequested, Actor: "visitor", Method: "widget"})
	add(LedgerEntry{Kind: KindGranted, Request: "e3", Grant: "e4", Actor: "visitor", Method: "button", ValidUntil: recordTime.Add(24 * time.Hour)})
	add(LedgerEntry{Kind: KindWithdrawn, Request: "e3", Grant: "e4", Actor: "visitor", Method: "widget"})
	return p
}

func TestC18_ProofFits(t *testing.T) {
	t.Parallel()
	for _, format := range []string{ChainPostgres, ChainSQLite} {
		p := proofOf(format)
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Proof
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if err := back.Verify(); err != nil {
			t.Errorf("%s: a proof that nobody changed: %v", format, err)
		}
	}
	empty := Proof{Site: "shop", Visitor: "v_1", Format: ChainSQLite}
	if err := empty.Verify(); err != nil {
		t.Errorf("an empty ledger: %v", err)
	}
}

// C20: whatever is changed, the first entry that does not fit is named.
func TestC20_ProofNamesWhatWasChanged(t *testing.T) {
	t.Parallel()
	entry := func(i int, change func(*ProofEntry)) func(*Proof) { return func(p *Proof) { change(&p.Entries[i]) } }
	for name, c := range map[string]struct {
		change func(*Proof)
		want   string
	}{
		"kind":               {entry(1, func(e *ProofEntry) { e.Kind = KindDeferred }), "entry 2 (e2)"},
		"time":               {entry(2, func(e *ProofEntry) { e.OccurredAt = e.OccurredAt.Add(time.Microsecond) }), "entry 3 (e3)"},
		"recorded":           {entry(2, func(e *ProofEntry) { e.RecordedAt = e.RecordedAt.Add(time.Hour) }), "entry 3 (e3)"},
		"actor":              {entry(3, func(e *ProofEntry) { e.Actor = "operator:ola" }), "entry 4 (e4)"},
		"method":             {entry(3, func(e *ProofEntry) { e.Method = "phrase" }), "entry 4 (e4)"},
		"end":                {entry(3, func(e *ProofEntry) { e.ValidUntil = time.Time{} }), "entry 4 (e4)"},
		"purpose":            {entry(4, func(e *ProofEntry) { e.Purpose = PurposeMarketingSMS }), "entry 5 (e5)"},
		"grant":              {entry(4, func(e *ProofEntry) { e.Grant = "e9" }), "entry 5 (e5)"},
		"request of another": {entry(3, func(e *ProofEntry) { e.Request = "e2" }), "entry 4 (e4)"},
		"locale":             {entry(0, func(e *ProofEntry) { e.Locale = "en" }), "entry 1 (e1)"},
		"hash":               {entry(1, func(e *ProofEntry) { e.Hash = e.Hash[2:] + "00" }), "entry 2 (e2)"},
		"no hash":            {entry(0, func(e *ProofEntry) { e.Hash = "" }), "entry 1 (e1)"},
		"vseq":               {entry(2, func(e *ProofEntry) { e.VSeq = 2 }), "entry 3 (e3)"},
		"one taken out":      {func(p *Proof) { p.Entries = append(p.Entries[:1:1], p.Entries[2:]...) }, "does not follow entry 1"},
		"one repeated":       {func(p *Proof) { p.Entries[2] = p.Entries[1] }, "does not follow entry 2"},
		"the last taken out": {func(p *Proof) { p.Entries = p.Entries[:4] }, "does not end where its head says"},
		"text":               {func(p *Proof) { p.Notices[0].Canonical += " " }, "is not the hash of its text"},
		"text taken out":     {func(p *Proof) { p.Notices = nil }, "is missing"},
		"visitor":            {func(p *Proof) { p.Visitor = "v_2" }, "entry 1 (e1)"},
		"site":               {func(p *Proof) { p.Site = "other" }, "entry 1 (e1)"},
		"head":               {func(p *Proof) { p.Head = p.Entries[0].Hash }, "does not end where its head says"},
		"format":             {func(p *Proof) { p.Format = "" }, "format"},
	} {
		for _, format := range []string{ChainPostgres, ChainSQLite} {
			t.Run(name+"/"+format, func(t *testing.T) {
				t.Parallel()
				p := proofOf(format)
				c.change(&p)
				if err := p.Verify(); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want it to say %q", err, c.want)
				}
			})
		}
	}
}
