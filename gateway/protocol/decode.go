package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// A FrameError says why a frame of a client was refused and what the client is
// to do about it. The socket stays open. Message never repeats what a visitor
// typed, so it may be logged.
type FrameError struct {
	Code    Code
	Message string
	// T is the type of the frame, empty where it was not recognised.
	T string
	// N is the number of the input. It is 0 where the frame is malformed beyond
	// recognition and where frames of type T have no number.
	N uint64
}

// Error returns the code and the message.
func (e *FrameError) Error() string { return string(e.Code) + ": " + e.Message }

// Final says that the number is to be consumed: the refusal is the input's
// answer and goes into an ack. Decode has then returned the whole frame, too,
// so that Digest can be taken of it. Every other FrameError is answered by an
// error frame; the client gives the number up with skip.
func (e *FrameError) Final() bool {
	return e.N > 0 && (e.Code == CodeTooLong || e.Code == CodeBadInput)
}

// Decode reads one frame of a client and checks it against every rule of the
// protocol. The error is always a *FrameError; the frame returned beside it has
// T and N where they were recognised.
//
// It makes two passes: one over the bytes, which only notes where the value of
// each member is, and one over the values, once the type says what they must be.
func Decode(data []byte) (ClientFrame, error) { return decode(data, shapes[:]) }

// DecodeOperator is Decode for the frames of an operator's client.
func DecodeOperator(data []byte) (OperatorFrame, error) {
	f, err := decode(data, operatorShapes[:])
	return OperatorFrame(f), err
}

func decode(data []byte, among []shape) (ClientFrame, error) {
	var r reading
	if err := r.scan(data); err != nil {
		return ClientFrame{}, err
	}
	return r.frame(among)
}

// reading is a frame between the two passes.
type reading struct {
	values [memberCount][]byte // the raw values, parts of the frame
	seen   members
	// stray is a member that no frame has; strays says that there is one.
	stray  string
	strays bool
}

// scanner is what the first pass needs and what is worth keeping for the next frame.
type scanner struct {
	dec *jsontext.Decoder
	src bytes.Buffer
}

var scanners = sync.Pool{New: func() any { return &scanner{dec: new(jsontext.Decoder)} }}

// scan is the first pass. The decoder refuses duplicate names and invalid UTF-8
// by itself.
func (r *reading) scan(data []byte) error {
	p := scanners.Get().(*scanner)
	// A bytes.Buffer is read in place: the values found are parts of data and
	// stay valid after the decoder has moved on.
	p.src = *bytes.NewBuffer(data)
	p.dec.Reset(&p.src)
	defer func() {
		p.src = bytes.Buffer{}
		p.dec.Reset(&p.src) // keep no hold on the frame
		scanners.Put(p)
	}()

	if kind := p.dec.PeekKind(); kind != '{' && kind != 0 {
		return &FrameError{Code: CodeBadFrame, Message: "a frame is one JSON object: send {\"t\":…}"}
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return syntaxError(err)
	}
	for p.dec.PeekKind() != '}' {
		name, err := p.dec.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		m, known := memberOf(name)
		if !known && !r.strays {
			r.stray, r.strays = unquote(name), true
		}
		value, err := p.dec.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		if known {
			r.values[m] = value
			r.seen |= 1 << m
		}
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return syntaxError(err)
	}
	if _, err := p.dec.ReadToken(); err == nil {
		return &FrameError{Code: CodeBadFrame, Message: "something follows the JSON object: send one object in each message"}
	} else if !errors.Is(err, io.EOF) {
		return syntaxError(err)
	}
	return nil
}

// syntaxError words an error of the parser without repeating the frame.
func syntaxError(err error) error {
	what := "invalid JSON"
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		what = "a member name occurs twice"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		what = "the JSON ends too early"
	}
	at := int64(0)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		at = syntax.ByteOffset
	}
	return &FrameError{Code: CodeBadFrame, Message: fmt.Sprintf(
		"%s at byte %d: send one JSON object in UTF-8 (RFC 8259, RFC 7493)", what, at)}
}

// frame is the second pass.
func (r *reading) frame(among []shape) (ClientFrame, error) {
	f := ClientFrame{}
	if !r.seen.has(mT) {
		return f, &FrameError{Code: CodeBadFrame, Message: "t is missing: name the type of the frame"}
	}
	if r.values[mT][0] != '"' {
		return f, &FrameError{Code: CodeBadFrame, Message: "t must be a string: name the type of the frame"}
	}
	s, known := shapeOf(among, unquoted(r.values[mT]))
	if !known {
		return f, &FrameError{Code: CodeUnknownType, Message: "unknown frame type " +
			shown(unquote(r.values[mT])) + ": send a type of " + Subprotocol}
	}
	f.T = s.t
	if s.required.has(mN) && r.seen.has(mN) {
		// The number is read first, so that every later error can name it.
		if n, ok := number(r.values[mN]); ok && n >= 1 && n <= MaxNumber {
			f.N = n
		}
	}
	if err := r.shape(s, f.N); err != nil {
		return f, err
	}
	for m := mN; m < memberCount; m++ {
		if !r.seen.has(m) {
			continue
		}
		if problem := f.set(m, r.values[m]); problem != "" {
			return f, &FrameError{Code: CodeBadFrame, Message: problem, T: f.T, N: f.N}
		}
	}
	return f.finish()
}

// shape checks which members are there.
func (r *reading) shape(s shape, n uint64) error {
	problem := ""
	extra := r.seen &^ (s.required | s.optional)
	missing := s.required &^ r.seen
	switch {
	case r.strays:
		problem = "unknown member " + shown(r.stray) + ": leave it out"
	case extra != 0:
		problem = extra.first().String() + " is not a member of " + s.t + ": leave it out"
	case missing != 0:
		problem = missing.first().String() + " is missing: " + s.t + " needs it"
	case s.t == TypeOpen && s.optional.has(mSecret) && !r.seen.has(mSecret) && !r.seen.has(mToken):
		problem = "secret and token are missing: send the secret, or the token of an earlier hello"
	default:
		return nil
	}
	return &FrameError{Code: CodeBadFrame, Message: problem, T: s.t, N: n}
}

// finish applies the rules that concern more than the form of one member.
func (f ClientFrame) finish() (ClientFrame, error) {
	switch {
	case f.T == TypeSay, f.T == TypeNote:
		if code, problem := checkText(f.Text); problem != "" {
			return f, &FrameError{Code: code, Message: problem, T: f.T, N: f.N}
		}
	case (f.T == TypeBeat || f.T == TypeInbox) && f.Seq > 0 && f.Epoch == "":
		return f, &FrameError{Code: CodeBadFrame, T: f.T, Message: "epoch is missing: a seq means nothing without its epoch"}
	case f.T == TypeSeen && f.Seq == 0:
		return f, &FrameError{Code: CodeBadFrame, T: f.T, Message: "seq must be that of the newest event that was read"}
	case f.T == TypeHistory && f.Limit == 0:
		f.Limit = MaxHistory
	}
	return f, nil
}
