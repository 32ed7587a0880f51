package protocol

import (
	"bytes"
	"math/bits"

	"github.com/go-json-experiment/json/jsontext"
)

// member is a place for a value of a client frame.
type member uint8

// The members of client frames, in the order of ClientFrame.
const (
	mT member = iota
	mN
	mClient
	mSecret
	mToken
	mFlow
	mLocale
	mPage
	mHave
	mTrace
	mIdentity
	mText
	mOf
	mChoice
	mRequest
	mAnswer
	mPurposes
	mEpoch
	mSeq
	mBeforeSeq
	mLimit
	mOn
	mSite
	mConversation
	mTo
	mOperator
	mNotesSeq
	memberCount
)

var memberNames = [memberCount]string{
	"t", "n", "client", "secret", "token", "flow", "locale", "page", "have", "traceparent", "identity", "text", "of", "choice",
	"request", "answer", "purposes", "epoch", "seq", "before_seq", "limit", "on",
	"site", "conversation", "to", "operator", "notes_seq",
}

// String returns the member's name on the wire.
func (m member) String() string { return memberNames[m] }

// members is a set of members.
type members uint32

func set(list ...member) members {
	s := members(0)
	for _, m := range list {
		s |= 1 << m
	}
	return s
}

func (s members) has(m member) bool { return s&(1<<m) != 0 }

// first returns the first member of a set that is not empty.
func (s members) first() member { return member(bits.TrailingZeros32(uint32(s))) } //nolint:gosec // below 32

// memberOf finds a member by its quoted name.
func memberOf(quoted []byte) (member, bool) {
	name := unquoted(quoted)
	for m := range memberCount {
		if string(name) == memberNames[m] {
			return m, true
		}
	}
	return 0, false
}

// shape says which members a type of frame has.
type shape struct {
	t                  string
	required, optional members
}

var shapes = [...]shape{
	{TypeOpen, set(mT, mClient), set(mSecret, mToken, mFlow, mLocale, mPage, mHave, mIdentity, mTrace)},
	{TypeSay, set(mT, mN, mText), 0},
	{TypePress, set(mT, mN, mOf, mChoice), 0},
	{TypeDecide, set(mT, mN, mRequest, mAnswer), 0},
	{TypeAskCard, set(mT, mN), set(mPurposes)},
	{TypeWithdraw, set(mT, mN), set(mPurposes)},
	{TypeErase, set(mT, mN), 0},
	{TypeSkip, set(mT, mN), 0},
	{TypeBeat, set(mT), set(mEpoch, mSeq)},
	{TypeHistory, set(mT, mBeforeSeq), set(mLimit)},
	{TypeTyping, set(mT, mOn), 0},
	{TypeSeen, set(mT, mSeq), 0},
	{TypeAskReceipt, set(mT), 0},
	{TypeAskExport, set(mT), 0},
}

// operatorShapes are the frames of an operator's client. Nearly all of them name
// a conversation, since one socket serves many.
var operatorShapes = [...]shape{
	{TypeOpen, set(mT, mClient), 0},
	{TypeInbox, set(mT, mSite), set(mEpoch, mSeq)},
	{TypeWatch, set(mT, mSite, mConversation), set(mHave, mNotesSeq)},
	{TypeUnwatch, set(mT, mSite, mConversation), 0},
	{TypeHistory, set(mT, mSite, mConversation, mBeforeSeq), set(mLimit)},
	{TypeTake, set(mT, mN, mSite, mConversation), 0},
	{TypeRelease, set(mT, mN, mSite, mConversation, mTo), 0},
	{TypeTransfer, set(mT, mN, mSite, mConversation, mOperator), 0},
	{TypeClose, set(mT, mN, mSite, mConversation), 0},
	{TypeSay, set(mT, mN, mSite, mConversation, mText), 0},
	{TypeAskCard, set(mT, mN, mSite, mConversation), set(mPurposes)},
	{TypeNote, set(mT, mN, mSite, mConversation, mText), 0},
	{TypeSkip, set(mT, mN, mSite, mConversation), 0},
	{TypeTyping, set(mT, mSite, mConversation, mOn), 0},
	{TypeSeen, set(mT, mSite, mConversation, mSeq), 0},
	{TypeAway, set(mT, mOn), 0},
	{TypeBeat, set(mT), 0},
}

// shapeOf finds the shape of a type among those of visitors' or operators'
// frames.
func shapeOf(among []shape, t []byte) (shape, bool) {
	for i := range among {
		if string(t) == among[i].t {
			return among[i], true
		}
	}
	return shape{}, false
}

// Numbered says whether frames of type t carry a number and are answered by an ack.
func Numbered(t string) bool {
	s, ok := shapeOf(shapes[:], []byte(t))
	return ok && s.required.has(mN)
}

// NumberedByOperator is Numbered for the frames of operators.
func NumberedByOperator(t string) bool {
	s, ok := shapeOf(operatorShapes[:], []byte(t))
	return ok && s.required.has(mN)
}

// unquoted returns what a JSON string says. The parser has checked it; without
// an escape it is the bytes between the quotes.
func unquoted(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	plain, _ := jsontext.AppendUnquote(nil, quoted)
	return plain
}

func unquote(quoted []byte) string { return string(unquoted(quoted)) }

// shown returns a name for a message. What does not look like a name of a
// protocol is not repeated: it could be something a visitor typed.
func shown(name string) string {
	const longest = 32
	if len(name) == 0 || len(name) > longest {
		return "(not a name)"
	}
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || c == '_') {
			return "(not a name)"
		}
	}
	return `"` + name + `"`
}
