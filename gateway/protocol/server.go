package protocol

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DecodeServer reads one frame of the server, as a client does. It returns one
// of *Hello, *Reset, *Events, *Ack, *Error, *Beat, *Past, *Receipt, *Export,
// *GoAway, *Typing and *Seen, and on an operator's socket *Welcome, *Inbox,
// *Watching, *Log, *Older, *Notes, *Presence and *Gone.
// Members it does not know are passed over: a newer server may send them. The
// error is always a *FrameError; a client ignores a frame whose error has
// CodeUnknownType, for the same reason.
func DecodeServer(data []byte) (any, error) {
	t, err := typeOf(data)
	if err != nil {
		return nil, err
	}
	var frame any
	switch t {
	case TypeHello:
		frame = new(Hello)
	case TypeReset:
		frame = new(Reset)
	case TypeEvents:
		frame = new(Events)
	case TypeAck:
		frame = new(Ack)
	case TypeError:
		frame = new(Error)
	case TypeBeat:
		frame = new(Beat)
	case TypePast:
		frame = new(Past)
	case TypeReceipt:
		frame = new(Receipt)
	case TypeExport:
		frame = new(Export)
	case TypeGoAway:
		frame = new(GoAway)
	case TypeTyping:
		frame = new(Typing)
	case TypeSeen:
		frame = new(Seen)
	default:
		frame = staffFrame(t)
	}
	if frame == nil {
		return nil, &FrameError{Code: CodeUnknownType, Message: "unknown frame type " + shown(t) + ": ignore it"}
	}
	if err := json.Unmarshal(data, frame); err != nil {
		return nil, &FrameError{Code: CodeBadFrame, Message: "the frame does not fit its type: " + err.Error(), T: t}
	}
	return frame, nil
}

// staffFrame returns an empty frame of a type that only operators get, nil where
// there is none.
func staffFrame(t string) any {
	switch t {
	case TypeWelcome:
		return new(Welcome)
	case TypeInbox:
		return new(Inbox)
	case TypeWatching:
		return new(Watching)
	case TypeLog:
		return new(Log)
	case TypeOlder:
		return new(Older)
	case TypeNotes:
		return new(Notes)
	case TypePresence:
		return new(Presence)
	case TypeGone:
		return new(Gone)
	}
	return nil
}

// typeOf reads as far as the type, which servers of this module send first.
func typeOf(data []byte) (string, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data))
	if dec.PeekKind() != '{' {
		return "", &FrameError{Code: CodeBadFrame, Message: "a frame is one JSON object"}
	}
	if _, err := dec.ReadToken(); err != nil {
		return "", syntaxError(err)
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return "", syntaxError(err)
		}
		if name.String() != "t" {
			if err := dec.SkipValue(); err != nil {
				return "", syntaxError(err)
			}
			continue
		}
		value, err := dec.ReadToken()
		if err != nil {
			return "", syntaxError(err)
		}
		if value.Kind() != '"' {
			return "", &FrameError{Code: CodeBadFrame, Message: "t must be a string"}
		}
		return value.String(), nil
	}
	return "", &FrameError{Code: CodeBadFrame, Message: "t is missing"}
}
