package persistence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
)

// proofOf makes the proof of a visitor who declined, agreed and withdrew, chained
// in one of the two forms.
func proofOf(hash chainHash) Proof {
	text := `{"body":"May we keep your contact?"}`
	sum := sha256.Sum256([]byte(text))
	notice := Notice{Hash: hex.EncodeToString(sum[:]), Locale: "pl", Canonical: text}
	p := Proof{Site: "shop", Visitor: "v_1", AsOf: recordTime, Notices: []Notice{notice}}
	add := func(l LedgerEntry) {
		n := uint64(len(p.Entries)) + 1
		l.ID, l.Purpose, l.Notice, l.Locale = fmt.Sprintf("e%d", n), PurposeLead, notice.Hash, "pl"
		l.OccurredAt = recordTime.Add(time.Duration(n) * time.Second)
		e := ProofEntry{LedgerEntry: l, Seq: n, VSeq: n + 1, RecordedAt: l.OccurredAt.Add(time.Minute)}
		var prev []byte
		if n > 1 {
			prev, _ = hex.DecodeString(p.Head)
		}
		e.Hash = hex.EncodeToString(hash(p.Site, p.Visitor, prev, &e))
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
	for i, hash := range chainHashes {
		p := proofOf(hash)
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var back Proof
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if err := back.Check(); err != nil {
			t.Errorf("form %d: a proof that nobody changed: %v", i, err)
		}
	}
	empty := Proof{Site: "shop", Visitor: "v_1"}
	if err := empty.Check(); err != nil {
		t.Errorf("an empty ledger: %v", err)
	}
}

// C20: whatever is changed, the first entry that does not fit is named.
func TestC20_ProofNamesWhatWasChanged(t *testing.T) {
	t.Parallel()
	entry := func(i int, change func(*ProofEntry)) func(*Proof) { return func(p *Proof) { change(&p.Entries[i]) } }
	for name, c := range map[string]struct {
		change func(*Proof)
		seq    uint64
	}{
		"kind":               {entry(1, func(e *ProofEntry) { e.Kind = KindDeferred }), 2},
		"time":               {entry(2, func(e *ProofEntry) { e.OccurredAt = e.OccurredAt.Add(time.Microsecond) }), 3},
		"recorded":           {entry(2, func(e *ProofEntry) { e.RecordedAt = e.RecordedAt.Add(time.Hour) }), 3},
		"actor":              {entry(3, func(e *ProofEntry) { e.Actor = "operator:ola" }), 4},
		"method":             {entry(3, func(e *ProofEntry) { e.Method = "phrase" }), 4},
		"end":                {entry(3, func(e *ProofEntry) { e.ValidUntil = time.Time{} }), 4},
		"purpose":            {entry(4, func(e *ProofEntry) { e.Purpose = PurposeMarketingSMS }), 5},
		"grant":              {entry(4, func(e *ProofEntry) { e.Grant = "e9" }), 5},
		"request of another": {entry(3, func(e *ProofEntry) { e.Request = "e2" }), 4},
		"locale":             {entry(0, func(e *ProofEntry) { e.Locale = "en" }), 2},
		"hash":               {entry(1, func(e *ProofEntry) { e.Hash = e.Hash[2:] + "00" }), 2},
		"no hash":            {entry(0, func(e *ProofEntry) { e.Hash = "" }), 1},
		"vseq":               {entry(2, func(e *ProofEntry) { e.VSeq = 2 }), 3},
		"one taken out":      {func(p *Proof) { p.Entries = append(p.Entries[:1:1], p.Entries[2:]...) }, 2},
		"one repeated":       {func(p *Proof) { p.Entries[2] = p.Entries[1] }, 3},
		"the last taken out": {func(p *Proof) { p.Entries = p.Entries[:4] }, 0},
		"text":               {func(p *Proof) { p.Notices[0].Canonical += " " }, 0},
		"text taken out":     {func(p *Proof) { p.Notices = nil }, 1},
		"visitor":            {func(p *Proof) { p.Visitor = "v_2" }, 1},
		"site":               {func(p *Proof) { p.Site = "other" }, 1},
		"head":               {func(p *Proof) { p.Head = p.Entries[0].Hash }, 0},
	} {
		for i, hash := range chainHashes {
			t.Run(fmt.Sprintf("%s/%d", name, i), func(t *testing.T) {
				t.Parallel()
				p := proofOf(hash)
				c.change(&p)
				var wrong *ProofError
				if err := p.Check(); !errors.As(err, &wrong) || wrong.Seq != c.seq {
					t.Errorf("got %v, want the error to name entry %d", err, c.seq)
				}
			})
		}
	}
}

// A chain that changes its form half way is no chain.
func TestC20_ProofIsOfOneForm(t *testing.T) {
	t.Parallel()
	p := proofOf(TextChainHash)
	prev, _ := hex.DecodeString(p.Entries[3].Hash)
	last := &p.Entries[4]
	last.Hash = hex.EncodeToString(BinaryChainHash(p.Site, p.Visitor, prev, last))
	p.Head = last.Hash
	var wrong *ProofError
	if err := p.Check(); !errors.As(err, &wrong) || wrong.Seq != 5 {
		t.Errorf("got %v, want entry 5 to be refused", err)
	}
}
