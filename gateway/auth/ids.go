package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
)

// MinKeyBytes is the shortest key that is accepted, for ids and for tokens. It
// is the output of SHA-256: a shorter key would be the weakest part.
const MinKeyBytes = 32

// Prefixes of ids, so that one is never taken for the other in a log.
const (
	VisitorPrefix      = "v_"
	ConversationPrefix = "c_"
)

// idChars is the length of the hash in an id: 26 characters of base32 hold 130
// bits, more than the secret has.
const idChars = 26

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// IDs derives the names of visitors and conversations. It is immutable and may be
// used from any goroutine. The zero value has no key and panics on use.
type IDs struct {
	key []byte
}

// NewIDs returns IDs for the id-hash key. The key is copied.
func NewIDs(key []byte) (IDs, error) {
	if len(key) < MinKeyBytes {
		return IDs{}, fmt.Errorf("id-hash key has %d bytes, it needs at least %d", len(key), MinKeyBytes)
	}
	return IDs{key: append([]byte(nil), key...)}, nil
}

// Visitor returns the id of the visitor who holds this secret on this site.
func (i IDs) Visitor(site, secret string) string {
	return VisitorPrefix + i.hash("zgoda/v1/visitor", site, secret)
}

// Conversation returns the id of that visitor's conversation on this site.
func (i IDs) Conversation(site, secret string) string {
	return ConversationPrefix + i.hash("zgoda/v1/conversation", site, secret)
}

// Identity returns what is kept of the owner's own name of a visitor.
func (i IDs) Identity(site, id string) string {
	return i.hash("zgoda/v1/identity", site, id)
}

// hash writes every part with its length in front, so that no two lists of parts
// make the same bytes ("ab","c" and "a","bc").
func (i IDs) hash(parts ...string) string {
	if len(i.key) == 0 {
		panic("auth: IDs without a key; make them with NewIDs")
	}
	mac := hmac.New(sha256.New, i.key)
	var length [4]byte
	for _, part := range parts {
		binary.BigEndian.PutUint32(length[:], uint32(len(part)))
		mac.Write(length[:])
		mac.Write([]byte(part))
	}
	return lowerBase32.EncodeToString(mac.Sum(nil))[:idChars]
}

// IsVisitorID says whether s has the shape of a visitor id.
func IsVisitorID(s string) bool { return hasIDShape(s, VisitorPrefix) }

// IsConversationID says whether s has the shape of a conversation id.
func IsConversationID(s string) bool { return hasIDShape(s, ConversationPrefix) }

func hasIDShape(s, prefix string) bool {
	hash, ok := strings.CutPrefix(s, prefix)
	if !ok || len(hash) != idChars {
		return false
	}
	for _, c := range []byte(hash) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
