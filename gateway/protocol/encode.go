package protocol

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// NewAck answers an input that is in the log. seq and id name its own event, 0
// and empty where it made none.
func NewAck(n, seq uint64, id string) *Ack {
	return &Ack{T: TypeAck, N: n, Seq: seq, ID: id}
}

// NewRefusal answers an input that never will be in the log.
func NewRefusal(n uint64, code Code, message string) *Ack {
	return &Ack{T: TypeAck, N: n, Refused: &Refused{Code: code, Message: message}}
}

// NewError says that the input n was not applied, or with 0 that something else
// was not done.
func NewError(n uint64, code Code, message string) *Error {
	return &Error{T: TypeError, N: n, Code: code, Message: message}
}

// NewEvents carries log entries. state is nil in all but the last chunk.
func NewEvents(epoch string, events []Event, state *State) *Events {
	return &Events{T: TypeEvents, Epoch: epoch, Events: events, State: state}
}

// DefaultLimits returns what hello states.
func DefaultLimits() Limits {
	return Limits{
		FrameBytes: MaxFrameBytes, TextRunes: MaxTextRunes, InFlight: MaxInFlight,
		BeatMS: BeatMS, SilenceMS: SilenceMS,
	}
}

// Encode returns the JSON of a frame; see Append.
func Encode(frame any) ([]byte, error) { return Append(nil, frame) }

// Append appends the JSON of a frame to dst. frame is a ClientFrame, an
// OperatorFrame or one of the server's frames, as a value or a pointer. The type of a server frame is
// written whatever its T says, so T may stay empty; of a ClientFrame the members
// that its T has are written and no others. It fails for strings that are not
// UTF-8, for a ClientFrame of an unknown type and for what is no frame, and then
// returns dst as it was.
//
// It is written out rather than reflected, since every delivered event passes
// through it; a test holds it to the struct tags.
func Append(dst []byte, frame any) ([]byte, error) {
	w := writer{b: dst}
	switch f := frame.(type) {
	case *Hello:
		w.hello(f)
	case Hello:
		w.hello(&f)
	case *Reset:
		w.reset(f)
	case Reset:
		w.reset(&f)
	case *Events:
		w.events(f)
	case Events:
		w.events(&f)
	case *Ack:
		w.ack(f)
	case Ack:
		w.ack(&f)
	case *Error:
		w.error(f)
	case Error:
		w.error(&f)
	case *Beat:
		w.beat(f)
	case Beat:
		w.beat(&f)
	case *Past:
		w.past(f)
	case Past:
		w.past(&f)
	case *Receipt:
		w.receipt(f)
	case Receipt:
		w.receipt(&f)
	case *Export:
		w.export(f)
	case Export:
		w.export(&f)
	case *GoAway:
		w.goAway(f)
	case GoAway:
		w.goAway(&f)
	case *Typing:
		w.typing(f)
	case Typing:
		w.typing(&f)
	case *ClientFrame:
		w.client(f, shapes[:])
	case ClientFrame:
		w.client(&f, shapes[:])
	case *OperatorFrame:
		w.client((*ClientFrame)(f), operatorShapes[:])
	case OperatorFrame:
		w.client((*ClientFrame)(&f), operatorShapes[:])
	default:
		if !w.staff(frame) {
			return dst, fmt.Errorf("encode frame: %T is no frame", frame)
		}
	}
	if w.err != nil {
		return dst, fmt.Errorf("encode frame: %w", w.err)
	}
	return w.b, nil
}

var errUnknownType = errors.New("client frame of unknown type")

// writer appends JSON. The first error stays.
type writer struct {
	b   []byte
	err error
}

// key begins a member. Names are ours and need no escapes.
func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) open()  { w.b = append(w.b, '{') }
func (w *writer) close() { w.b = append(w.b, '}') }

// frame begins a frame; its type comes first, so that a reader finds it at once.
func (w *writer) frame(t string) {
	w.b = append(w.b, `{"t":"`...)
	w.b = append(w.b, t...)
	w.b = append(w.b, '"')
}

func (w *writer) quote(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			b, err := jsontext.AppendQuote(w.b, s)
			if err != nil && w.err == nil {
				w.err = err
			}
			w.b = b
			return
		}
	}
	w.b = append(w.b, '"')
	w.b = append(w.b, s...)
	w.b = append(w.b, '"')
}

func (w *writer) str(name, s string) {
	w.key(name)
	w.quote(s)
}

func (w *writer) optStr(name, s string) {
	if s != "" {
		w.str(name, s)
	}
}

func (w *writer) uint(name string, n uint64) {
	w.key(name)
	w.b = strconv.AppendUint(w.b, n, 10)
}

func (w *writer) optUint(name string, n uint64) {
	if n != 0 {
		w.uint(name, n)
	}
}

func (w *writer) int(name string, n int64) {
	w.key(name)
	w.b = strconv.AppendInt(w.b, n, 10)
}

func (w *writer) optInt(name string, n int64) {
	if n != 0 {
		w.int(name, n)
	}
}

func (w *writer) bool(name string, b bool) {
	w.key(name)
	w.b = strconv.AppendBool(w.b, b)
}

func (w *writer) optBool(name string, b bool) {
	if b {
		w.bool(name, b)
	}
}

// strs writes a list; nil is an empty one.
func (w *writer) strs(name string, list []string) {
	w.key(name)
	w.b = append(w.b, '[')
	for i, s := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.quote(s)
	}
	w.b = append(w.b, ']')
}

func (w *writer) optStrs(name string, list []string) {
	if list != nil {
		w.strs(name, list)
	}
}

// array writes a list of objects; nil is an empty one.
func array[T any](w *writer, name string, list []T, element func(*writer, *T)) {
	w.key(name)
	w.b = append(w.b, '[')
	for i := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.open()
		element(w, &list[i])
		w.close()
	}
	w.b = append(w.b, ']')
}

// object writes a member that is an object.
func object[T any](w *writer, name string, v *T, members func(*writer, *T)) {
	w.key(name)
	w.open()
	members(w, v)
	w.close()
}

// sortedKeys makes the same state encode to the same bytes.
func sortedKeys[V any](consents map[string]V) []string {
	keys := make([]string, 0, len(consents))
	for k := range consents {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
