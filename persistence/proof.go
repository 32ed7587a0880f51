package persistence

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// chainFormat begins what is hashed, so that another format is another hash.
const chainFormat = "zgoda ledger 1"

// A chainHash computes the hash of an entry from the hash of the one before.
type chainHash func(site, visitor string, prev []byte, e *ProofEntry) []byte

// chainHashes are the two forms in which ledgers are chained: TextChainHash by
// PostgreSQL, BinaryChainHash in the file store. A chain is of one form from its
// first entry to its last; what is hashed begins differently in each, so no
// entry has the same hash in both.
var chainHashes = []chainHash{TextChainHash, BinaryChainHash}

// TextChainHash is the SHA-256 of an entry as text, with the hash of the entry
// before in front (nil before the first). Every field has its length in bytes in
// front, so no two entries give the same text; times are microseconds since
// 1970, 0 for none.
func TextChainHash(site, visitor string, prev []byte, e *ProofEntry) []byte {
	text := fmt.Appendf(nil, "%s:%x:%d:%d", chainFormat, prev, e.Seq, e.VSeq)
	for _, s := range chainFields(site, visitor, e) {
		text = fmt.Appendf(text, ":%d:%s", len(s), s)
	}
	for _, t := range chainTimes(e) {
		n := int64(0)
		if !t.IsZero() {
			n = t.UnixMicro()
		}
		text = fmt.Appendf(text, ":%d", n)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// BinaryChainHash is the SHA-256 of the same in binary: every field after its
// length as eight bytes, big end first; times are nanoseconds since 1970, 0 for
// none.
func BinaryChainHash(site, visitor string, prev []byte, e *ProofEntry) []byte {
	h := sha256.New()
	field := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	number := func(n uint64) { field(binary.BigEndian.AppendUint64(nil, n)) }
	field([]byte(chainFormat))
	field(prev)
	number(e.Seq)
	number(e.VSeq)
	for _, s := range chainFields(site, visitor, e) {
		field([]byte(s))
	}
	for _, t := range chainTimes(e) {
		n := int64(0)
		if !t.IsZero() {
			n = t.UnixNano()
		}
		number(uint64(n)) //nolint:gosec // the bits are what counts
	}
	return h.Sum(nil)
}

func chainFields(site, visitor string, e *ProofEntry) []string {
	return []string{
		site, visitor, e.ID, e.Purpose, e.Kind, e.Request, e.Grant, e.Notice, e.Locale, e.Actor, e.Method,
	}
}

func chainTimes(e *ProofEntry) []time.Time {
	return []time.Time{e.OccurredAt, e.RecordedAt, e.ValidUntil}
}

// A ProofError says what does not fit in a proof. Seq and ID name the first such
// entry of the ledger; Seq is 0 where it is a text, or the proof as a whole.
type ProofError struct {
	Seq    uint64
	ID     string
	Reason string
}

// Error names the entry and the reason.
func (e *ProofError) Error() string {
	if e.Seq == 0 {
		return e.Reason
	}
	return fmt.Sprintf("entry %d (%s) %s", e.Seq, e.ID, e.Reason)
}

// Check recomputes everything that holds a proof together, without any store:
// the texts have the hashes they are named by, every entry points at a text that
// is there, answers point at the request they answer, and the entries form the
// chain that Head ends. The error is a *ProofError.
func (p *Proof) Check() error {
	notices, err := p.checkNotices()
	if err != nil {
		return err
	}
	if err := p.checkReferences(notices); err != nil {
		return err
	}
	return p.checkChain()
}

func (p *Proof) checkNotices() (map[string]bool, error) {
	known := make(map[string]bool, len(p.Notices))
	for i := range p.Notices {
		n := &p.Notices[i]
		sum := sha256.Sum256([]byte(n.Canonical))
		if hex.EncodeToString(sum[:]) != n.Hash {
			return nil, &ProofError{Reason: fmt.Sprintf("the text named %.16q was changed: it has another hash", n.Hash)}
		}
		known[n.Hash] = true
	}
	return known, nil
}

// checkReferences holds the entries to what they point at.
func (p *Proof) checkReferences(notices map[string]bool) error {
	before := make(map[string]*ProofEntry, len(p.Entries))
	for i := range p.Entries {
		e := &p.Entries[i]
		fail := func(reason string) error { return &ProofError{Seq: uint64(i) + 1, ID: e.ID, Reason: reason} }
		if e.Seq != uint64(i)+1 {
			return fail(fmt.Sprintf("is numbered %d: one is missing, or they were put in another order", e.Seq))
		}
		if i > 0 && e.VSeq <= p.Entries[i-1].VSeq {
			return fail("does not come after the one before")
		}
		if e.ID == "" || before[e.ID] != nil {
			return fail("has no name of its own")
		}
		if e.Notice != "" && !notices[e.Notice] {
			return fail("points at a text that is not in the proof")
		}
		if e.Kind == KindGranted || e.Kind == KindDeclined || e.Kind == KindDeferred {
			asked := before[e.Request]
			if asked == nil || asked.Kind != KindRequested || asked.Purpose != e.Purpose || asked.Notice != e.Notice || asked.Locale != e.Locale {
				return fail("answers a request that is not before it")
			}
		}
		before[e.ID] = e
	}
	return nil
}

// checkChain recomputes the hashes. Of the two forms the one that gets further
// is the chain's.
func (p *Proof) checkChain() error {
	furthest := 0
	for _, hash := range chainHashes {
		fits := p.chained(hash)
		if fits == len(p.Entries) {
			return p.checkHead()
		}
		furthest = max(furthest, fits)
	}
	e := &p.Entries[furthest]
	reason := "was changed, or does not follow the one before"
	if e.Hash == "" {
		reason = "has no hash"
	}
	return &ProofError{Seq: e.Seq, ID: e.ID, Reason: reason}
}

// chained returns how many entries have the hash that follows from the one
// before.
func (p *Proof) chained(hash chainHash) int {
	prev := []byte{}
	for i := range p.Entries {
		e := &p.Entries[i]
		stated, err := hex.DecodeString(e.Hash)
		if err != nil || !bytes.Equal(stated, hash(p.Site, p.Visitor, prev, e)) {
			return i
		}
		prev = stated
	}
	return len(p.Entries)
}

func (p *Proof) checkHead() error {
	last := ""
	if n := len(p.Entries); n > 0 {
		last = p.Entries[n-1].Hash
	}
	if last != p.Head {
		return &ProofError{Reason: "the chain does not end with the hash that the proof states: entries are missing at its end"}
	}
	return nil
}
