package verdict

import (
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"

	"zgoda/gateway/protocol"
)

// A Visit is what one visitor did and saw. Everything in it is small: there may
// be hundreds of thousands.
type Visit struct {
	Index        int64
	Kind         string
	Secret       string
	Visitor      string
	Conversation string
	// Clients are the visitor's client instances, Inputs what they sent.
	Clients []string
	Inputs  []Input
	// Screens are what was shown, one for each page that the visitor had open.
	Screens []Screen
	// Secrets were typed without a grant; they must not be kept anywhere.
	Secrets []string
	// Contact is what the visitor left under a grant, nil where nothing is held.
	Contact map[string]string
	// Handed says that somebody else than the bot had the conversation at some
	// time; the bot then answers nothing.
	Handed bool
	// Unsure says that the answer to some input never came.
	Unsure bool
	// Left is when the visitor went.
	Left time.Time
}

// A Screen is what one page of a visitor showed.
type Screen struct {
	// Shown are the events that were shown, from 1; a hole was not shown.
	Shown []uint64
	// Complete says that the page was left with a live socket, over which the
	// store had said that its newest event was Top; Prompt is the event that was
	// waited for then.
	Complete bool
	Top      uint64
	Prompt   uint64
}

// An Input is one numbered input of a visitor.
type Input struct {
	Client int // in Visit.Clients
	N      uint64
	Kind   string // protocol type: say, press, …
	Text   uint64 // of say: hash of what was typed, without space around it
	// Answered is set with Seq and ID (a hash) of the input's event, 0 where it
	// made none, or with Refused.
	Answered bool
	Refused  bool
	Seq      uint64
	ID       uint64
	// ShownAtAck is the newest event that had been shown when the acknowledgement
	// came; 0 where that says nothing, because the socket had changed.
	ShownAtAck uint64
}

var seed = maphash.MakeSeed()

// Hash shortens a text. It is the same within a process.
func Hash(s string) uint64 { return maphash.String(seed, s) }

// Print is what of an event never changes: contact values may be removed.
func Print(e *protocol.Event) uint64 {
	var b strings.Builder
	b.WriteString(e.ID + "\x00" + e.From + "\x00" + e.Kind + "\x00" + e.Client + "\x00" + strconv.FormatUint(e.N, 10) + "\x00" + e.Answer + e.Request + e.Of + e.Choice + e.Field)
	for _, p := range e.Text {
		if p.Contact || p.Removed {
			b.WriteString("\x01")
		} else {
			b.WriteString(p.Text)
		}
	}
	if e.Card != nil {
		b.WriteString(e.Card.Request + e.Card.Notice)
	}
	return Hash(b.String())
}

// Text is what a line says; removed and masked say that parts are not kept.
func Text(e *protocol.Event) (text string, removed, masked bool) {
	for _, p := range e.Text {
		text += p.Text
		removed, masked = removed || p.Removed, masked || p.Masked
	}
	return text, removed, masked
}

// maxShown bounds what a page remembers: a server may say any number.
const maxShown = 1 << 16

// Show notes an event that was shown.
func (s *Screen) Show(e *protocol.Event) {
	at := int(e.Seq) - 1
	if e.Seq == 0 || e.Seq > maxShown {
		return
	}
	if at >= len(s.Shown) {
		s.Shown = append(s.Shown, make([]uint64, at+1-len(s.Shown))...)
	}
	s.Shown[at] = Print(e)
}

// Forget is for a page that was told to reset: what it showed before is void.
func (s *Screen) Forget() { s.Shown = nil }

// ClientIndex returns the place of a client instance, adding it.
func (v *Visit) ClientIndex(name string) int {
	if i := slices.Index(v.Clients, name); i >= 0 {
		return i
	}
	v.Clients = append(v.Clients, name)
	return len(v.Clients) - 1
}
