package protocol

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// DigestLen is the length of what Digest returns.
const DigestLen = 16

// Digest returns the first bytes of the SHA-256 of what a numbered input says,
// its number excluded. A number that comes again with another digest was reused
// for other content.
//
// Whoever has the digest of a short text can find the text by trying. Where the
// digest is kept beyond the process, use KeyedDigest.
func Digest(f ClientFrame) []byte {
	var buf [512]byte
	sum := sha256.Sum256(appendContent(buf[:0], f))
	return append([]byte(nil), sum[:DigestLen]...)
}

// KeyedDigest is Digest under a key (HMAC-SHA-256), so that what was typed
// cannot be found by trying from what is stored.
func KeyedDigest(key []byte, f ClientFrame) []byte {
	var buf [512]byte
	mac := hmac.New(sha256.New, key)
	mac.Write(appendContent(buf[:0], f))
	return mac.Sum(nil)[:DigestLen]
}

// appendContent writes every member of a numbered input with its length, so that
// no two inputs give the same bytes.
func appendContent(b []byte, f ClientFrame) []byte {
	for _, s := range [...]string{f.T, f.Text, f.Of, f.Choice, f.Request, f.Answer} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendUvarint(b, uint64(len(f.Purposes)))
	for _, p := range f.Purposes {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	if f.To == "" && f.Operator == "" {
		return b // a visitor's: what is kept of earlier versions stays comparable
	}
	for _, s := range [...]string{f.To, f.Operator} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}
