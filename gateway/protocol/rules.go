package protocol

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// Bounds of the members of client frames.
const (
	// MaxNumber bounds n, seq and before_seq: every integer up to it is exact
	// in clients whose numbers are doubles.
	MaxNumber = 1 << 53

	MinClientLen  = 16
	MaxClientLen  = 64
	SecretLen     = 32
	MaxTokenBytes = 1024
	MaxLocaleLen  = 35
	MaxPageBytes  = 512
	MaxIDLen      = 64
	// MaxIdentityBytes bounds a site's own name of a visitor.
	MaxIdentityBytes = 256
	ProofLen         = 64
	MaxPurposes      = 8
)

// Answers of a decide frame.
const (
	AnswerGrant   = "grant"
	AnswerDecline = "decline"
)

const flowPrefix = "sha256:"

// set reads the raw value of one member into the frame. It returns what is wrong
// and what to do, empty where nothing is.
func (f *ClientFrame) set(m member, raw []byte) string {
	switch m {
	case mN, mSeq, mBeforeSeq, mLimit, mNotesSeq:
		return f.setNumber(m, raw)
	case mHave:
		return f.setHave(raw)
	case mPurposes:
		return f.setPurposes(raw)
	case mIdentity:
		return f.setIdentity(raw)
	case mOn:
		if raw[0] != 't' && raw[0] != 'f' {
			return "on must be true or false"
		}
		f.On = raw[0] == 't'
		return ""
	default:
		if raw[0] != '"' {
			return m.String() + " must be a string"
		}
		return f.setString(m, unquote(raw))
	}
}

// setNumber reads any member that is a number.
func (f *ClientFrame) setNumber(m member, raw []byte) string {
	n, ok := number(raw)
	least, most := uint64(1), uint64(MaxNumber)
	switch m {
	case mSeq, mNotesSeq:
		least = 0
	case mLimit:
		most = MaxHistory
	}
	if !ok || n < least || n > most {
		return m.String() + " must be an integer from " + strconv.FormatUint(least, 10) +
			" to " + strconv.FormatUint(most, 10) + ", written without fraction and exponent"
	}
	switch m {
	case mN:
		f.N = n
	case mSeq:
		f.Seq = n
	case mBeforeSeq:
		f.BeforeSeq = n
	case mNotesSeq:
		f.NotesSeq = n
	case mLimit:
		f.Limit = int(n)
	}
	return ""
}

// number reads an integer that is not negative.
func number(raw []byte) (uint64, bool) {
	n, err := strconv.ParseUint(string(raw), 10, 64)
	return n, err == nil
}

// setString reads any member that is a string. The text of a say frame is kept
// as it is: what is wrong with it can be the input's final answer.
func (f *ClientFrame) setString(m member, s string) string {
	switch m {
	case mClient:
		f.Client = s
		if len(s) < MinClientLen || !IsID(s) {
			return "client must be 16 to 64 of A-Z a-z 0-9 _ -: make one at random for each document"
		}
	case mSecret:
		f.Secret = s
		if len(s) != SecretLen || !isLowerHex(s) {
			return "secret must be 32 lowercase hex digits: make 128 random bits"
		}
	case mToken:
		f.Token = s
		if len(s) == 0 || len(s) > MaxTokenBytes || !isVisibleASCII(s) {
			return "token must be 1 to 1024 visible ASCII characters: send it as hello gave it, or leave it out"
		}
	case mFlow:
		f.Flow = s
		if hash, ok := strings.CutPrefix(s, flowPrefix); !ok || len(hash) != 64 || !isLowerHex(hash) {
			return "flow must be sha256: and 64 lowercase hex digits: send the hash that came with the greeting"
		}
	case mLocale:
		f.Locale = s
		if len(s) > MaxLocaleLen || !looksLikeLocale(s) {
			return "locale must be a BCP 47 tag of at most 35 characters, such as pl or en-GB"
		}
	case mPage:
		return f.setPage(s)
	case mTrace:
		f.Trace = s
		if !isTraceparent(s) {
			return "traceparent must be 00-<32 hex digits>-<16>-<2> in lowercase, as W3C Trace Context has it: leave out any other"
		}
	case mText:
		f.Text = s
	default:
		return f.setName(m, s)
	}
	return ""
}

// isTraceparent reports whether s is a traceparent of version 00.
//
// Source: W3C Trace Context, section 3.2.
func isTraceparent(s string) bool {
	const size = len("00-") + 32 + len("-") + 16 + len("-") + 2
	return len(s) == size && s[:3] == "00-" && isLowerHex(s[3:35]) && s[35] == '-' && isLowerHex(s[36:52]) && s[52] == '-' && isLowerHex(s[53:])
}

// setName reads the members that name something the server or the site made.
func (f *ClientFrame) setName(m member, s string) string {
	switch m {
	case mAnswer:
		f.Answer = s
		if s != AnswerGrant && s != AnswerDecline {
			return "answer must be grant or decline"
		}
		return ""
	case mTo:
		f.To = s
		if s != OwnerBot && s != OwnerQueue {
			return "to must be bot or queue"
		}
		return ""
	case mSite:
		f.Site = s
	case mConversation:
		f.Conversation = s
	case mOperator:
		f.Operator = s
	case mOf:
		f.Of = s
	case mChoice:
		f.Choice = s
	case mRequest:
		f.Request = s
	case mEpoch:
		f.Epoch = s
		if s == "" {
			return "" // a client that has seen nothing
		}
	}
	if !IsID(s) {
		return m.String() + " must be 1 to 64 of A-Z a-z 0-9 _ -: send it as the server gave it"
	}
	return ""
}

// setPage reads the path of the page. Query and fragment are cut, since they can
// hold what a visitor typed elsewhere and nothing here needs them; what may name a
// person is masked.
func (f *ClientFrame) setPage(s string) string {
	if cut := strings.IndexAny(s, "?#"); cut >= 0 {
		s = s[:cut]
	}
	f.Page = s
	if !strings.HasPrefix(s, "/") || len(s) > MaxPageBytes || hasControl(s) {
		return "page must be the path of the page: / first, at most 512 bytes, no control characters"
	}
	f.Page = MaskPath(s)
	return ""
}

func (f *ClientFrame) setIdentity(raw []byte) string {
	const problem = "identity must be {\"id\",\"proof\"}: 1 to 256 bytes, and the HMAC-SHA-256 of them in 64 lowercase hex digits"
	if raw[0] != '{' {
		return problem
	}
	who := &Identity{}
	if err := json.Unmarshal(raw, who, json.RejectUnknownMembers(true)); err != nil {
		return problem
	}
	if who.ID == "" || len(who.ID) > MaxIdentityBytes || hasControl(who.ID) || len(who.Proof) != ProofLen || !isLowerHex(who.Proof) {
		return problem
	}
	f.Identity = who
	return ""
}

func (f *ClientFrame) setHave(raw []byte) string {
	const problem = "have must be {\"epoch\",\"seq\",\"id\"} of the newest event you have: send them as the server gave them, or leave have out"
	if raw[0] != '{' {
		return problem
	}
	have := &Have{}
	// What is missing or null stays zero, which no rule below allows.
	if err := json.Unmarshal(raw, have, json.RejectUnknownMembers(true)); err != nil {
		return problem
	}
	if !IsID(have.Epoch) || !IsID(have.ID) || have.Seq < 1 || have.Seq > MaxNumber {
		return problem
	}
	f.Have = have
	return ""
}

func (f *ClientFrame) setPurposes(raw []byte) string {
	const problem = "purposes must be at most 8 different purpose codes, such as lead_contact"
	if raw[0] != '[' {
		return problem
	}
	purposes := []string{}
	if err := json.Unmarshal(raw, &purposes); err != nil || len(purposes) > MaxPurposes {
		return problem
	}
	for i, p := range purposes {
		if !looksLikePurpose(p) {
			return problem
		}
		for _, earlier := range purposes[:i] {
			if p == earlier {
				return problem
			}
		}
	}
	f.Purposes = purposes
	return ""
}

// checkText applies the rules of a say frame's text. A client checks them before
// it numbers the input, so what fails here is answered for good.
func checkText(s string) (Code, string) {
	switch {
	case s == "":
		return CodeBadInput, "text is empty: send at least one character"
	case len(s) > MaxTextRunes && utf8.RuneCountInString(s) > MaxTextRunes:
		return CodeTooLong, "text is longer than " + strconv.Itoa(MaxTextRunes) + " characters: shorten it or send it in parts"
	case strings.IndexByte(s, 0) >= 0:
		return CodeBadInput, "text holds U+0000: remove it"
	}
	return "", ""
}

// IsID says whether s can be a name that is made by machines: an event, a choice,
// a request, an epoch.
func IsID(s string) bool {
	if s == "" || len(s) > MaxIDLen {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isLowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

func isVisibleASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// looksLikeLocale checks the form of a BCP 47 tag: a language of two to eight
// letters, then subtags of one to eight letters or digits.
func looksLikeLocale(s string) bool {
	first := true
	for tag := range strings.SplitSeq(s, "-") {
		if len(tag) == 0 || len(tag) > 8 || first && len(tag) < 2 {
			return false
		}
		for i := range len(tag) {
			if c := tag[i]; !isAlphanumeric(c) || first && '0' <= c && c <= '9' {
				return false
			}
		}
		first = false
	}
	return true
}

// looksLikePurpose checks the form of a purpose code. Which purposes there are is
// the site's business.
func looksLikePurpose(s string) bool {
	if s == "" || len(s) > MaxIDLen || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}
