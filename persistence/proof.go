package persistence

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// A Proof is the ledger of one visitor as it stands, in the order of its chain.
// Verify checks it without the store that made it.
type Proof struct {
	Site    string    `json:"site"`
	Visitor string    `json:"visitor"`
	AsOf    time.Time `json:"as_of"`
	// Format is how entries are hashed: ChainPostgres or ChainSQLite.
	Format  string       `json:"format"`
	Entries []ProofEntry `json:"entries"`
	// Notices are the texts the entries point at, each once.
	Notices []Notice `json:"notices"`
	// Head is the hash of the newest entry of the chain, in hex; each entry's Hash
	// is over the one before and itself.
	Head string `json:"head"`
}

// A ProofEntry is one entry of the ledger with its place in the chain.
type ProofEntry struct {
	LedgerEntry
	Seq        uint64    `json:"seq"`
	VSeq       uint64    `json:"vseq"`
	RecordedAt time.Time `json:"recorded_at"`
	// Hash is in hex.
	Hash string `json:"hash"`
	// ClockAhead and ClockBack flag a gateway's clock that disagreed with the
	// database's or with what it had said before.
	ClockAhead bool `json:"clock_ahead,omitzero"`
	ClockBack  bool `json:"clock_back,omitzero"`
}

// Formats of a chain. They differ in how the fields of an entry are framed before
// SHA-256: as text, every field with its length in bytes in front and times in
// microseconds, or as bytes, with eight bytes of length and times in nanoseconds.
const (
	ChainPostgres = "zgoda ledger 1"
	ChainSQLite   = "zgoda ledger 1 file"
)

// ClockTolerance is how far two clocks may disagree before an entry is flagged.
const ClockTolerance = 5 * time.Second

// Link returns the hash of an entry of the proof's visitor from the hash of the
// entry before it, which is empty for the first.
func (p *Proof) Link(before []byte, e *ProofEntry) []byte {
	texts := []string{
		p.Site, p.Visitor, e.ID, e.Purpose, e.Kind, e.Request, e.Grant, e.Notice, e.Locale, e.Actor, e.Method,
	}
	var sum [sha256.Size]byte
	if p.Format == ChainSQLite {
		sum = sha256.Sum256(framedBytes(before, e, texts))
	} else {
		sum = sha256.Sum256(framedText(before, e, texts))
	}
	return sum[:]
}

func framedText(before []byte, e *ProofEntry, texts []string) []byte {
	until := int64(0)
	if !e.ValidUntil.IsZero() {
		until = e.ValidUntil.UnixMicro()
	}
	out := fmt.Appendf(nil, "%s:%x:%d:%d", ChainPostgres, before, e.Seq, e.VSeq)
	for _, s := range texts {
		out = fmt.Appendf(out, ":%d:%s", len(s), s)
	}
	return fmt.Appendf(out, ":%d:%d:%d", e.OccurredAt.UnixMicro(), e.RecordedAt.UnixMicro(), until)
}

func framedBytes(before []byte, e *ProofEntry, texts []string) []byte {
	var out []byte
	field := func(b []byte) {
		out = binary.BigEndian.AppendUint64(out, uint64(len(b)))
		out = append(out, b...)
	}
	number := func(n uint64) { field(binary.BigEndian.AppendUint64(nil, n)) }
	field([]byte("zgoda ledger 1"))
	field(before)
	number(e.Seq)
	number(e.VSeq)
	for _, s := range texts {
		field([]byte(s))
	}
	for _, t := range []time.Time{e.OccurredAt, e.RecordedAt, e.ValidUntil} {
		n := int64(0)
		if !t.IsZero() {
			n = t.UnixNano()
		}
		number(uint64(n))
	}
	return out
}

// Verify recomputes the chain and the hashes of the texts. It returns an error
// that names the first entry that was changed or does not follow from the one
// before, or the text that is missing. It asks no store.
func (p *Proof) Verify() error {
	if p.Format != ChainPostgres && p.Format != ChainSQLite {
		return fmt.Errorf("the proof's format is %q; this program knows %q and %q", p.Format, ChainPostgres, ChainSQLite)
	}
	if err := p.verifyChain(); err != nil {
		return err
	}
	texts := map[string]bool{}
	for i := range p.Notices {
		n := &p.Notices[i]
		if sum := sha256.Sum256([]byte(n.Canonical)); hex.EncodeToString(sum[:]) != n.Hash {
			return fmt.Errorf("notice %s is not the hash of its text", n.Hash)
		}
		texts[n.Hash] = true
	}
	for i := range p.Entries {
		if n := p.Entries[i].Notice; n != "" && !texts[n] {
			return fmt.Errorf("the text of notice %s is missing", n)
		}
	}
	return nil
}

func (p *Proof) verifyChain() error {
	sum := []byte{}
	for i := range p.Entries {
		e := &p.Entries[i]
		hash, err := hex.DecodeString(e.Hash)
		if e.Seq != uint64(i+1) || err != nil || !bytes.Equal(p.Link(sum, e), hash) {
			return fmt.Errorf("entry %d (%s) was changed or does not follow entry %d", e.Seq, e.ID, i)
		}
		sum = hash
	}
	if hex.EncodeToString(sum) != p.Head {
		return errors.New("the ledger does not end where its head says")
	}
	return nil
}
