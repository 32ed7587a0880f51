package redisstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zgoda/persistence"
)

// framed joins strings so that they can be told apart again: each is preceded
// by its length in decimal and a colon. commit.lua does the same.
func framed(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(strconv.Itoa(len(p)))
		b.WriteByte(':')
		b.WriteString(p)
	}
	return b.String()
}

var errFrame = errors.New("the message has another shape")

// A message is what is left of framed strings.
type message struct {
	rest string
	err  error
}

func (m *message) text() string {
	size, rest, ok := strings.Cut(m.rest, ":")
	n, err := strconv.Atoi(size)
	if !ok || err != nil || n < 0 || n > len(rest) {
		m.rest, m.err = "", errFrame
		return ""
	}
	m.rest = rest[n:]
	return rest[:n]
}

func (m *message) number() uint64 {
	n, err := strconv.ParseUint(m.text(), 10, 64)
	if err != nil {
		m.err = errFrame
	}
	return n
}

// bytes reads a value that counts only where it is set.
func (m *message) bytes(set bool) []byte {
	s := m.text()
	if !set {
		return nil
	}
	return []byte(s)
}

func (m *message) time() time.Time {
	t, err := fromNanos(m.text())
	if err != nil {
		m.err = errFrame
	}
	return t
}

// decodeNews reads a message that a script or Probe published.
func decodeNews(payload string) (persistence.News, error) {
	m := &message{rest: payload}
	var n persistence.News
	switch kind := m.text(); kind {
	case "p":
		n.Probe = m.text()
	case "c":
		n = m.commit()
	case "s":
		n = m.signal()
	case "d":
		n.Snapshot.Site, n.Desk = m.text(), true
	case "i":
		n.Snapshot.Site, n.Snapshot.Conversation = m.text(), m.text()
		row := &persistence.InboxRow{Conversation: n.Snapshot.Conversation, Seq: m.number()}
		row.Gone = m.text() == "g"
		row.Body = m.bytes(!row.Gone)
		n.Inbox, n.InboxTop = row, persistence.Position{Epoch: m.text(), Seq: row.Seq}
	default:
		return persistence.News{}, fmt.Errorf("news of kind %q", kind)
	}
	if m.err != nil {
		return persistence.News{}, m.err
	}
	return n, nil
}

func (m *message) signal() persistence.News {
	var n persistence.News
	n.Snapshot.Site, n.Snapshot.Conversation = m.text(), m.text()
	n.Signal = &persistence.Signal{From: m.text(), Seen: m.number()}
	typing := m.text()
	n.Signal.Typing, n.Signal.On, n.Signal.Operator = typing != "", typing == "1", m.text()
	return n
}

func (m *message) commit() persistence.News {
	var n persistence.News
	s := &n.Snapshot
	s.Site, s.Conversation, s.Visitor = m.text(), m.text(), m.text()
	s.Version, s.Epoch, s.Seq, s.First = m.number(), m.text(), m.number(), m.number()
	n.Base, s.ProfileVersion, s.VSeq = m.number(), m.number(), m.number()
	// In the order of commitFlags.
	flags := m.text() + "00000"
	s.State, s.Profile, s.Contact = m.bytes(flags[0] == '1'), m.bytes(flags[1] == '1'), m.bytes(flags[2] == '1')
	s.Erased = flags[4] == '1'
	n.ContactDropped = s.Erased || flags[3] == '1'
	events := m.number()
	if events > uint64(len(m.rest)) || events > s.Seq {
		m.err = errFrame
		return n
	}
	for i := range events {
		n.Events = append(n.Events, persistence.Event{
			Seq: s.Seq - events + 1 + i, ID: m.text(), At: m.time(), Body: m.bytes(true),
		})
	}
	staff, first := m.number(), m.number()
	if staff > uint64(len(m.rest)) {
		m.err = errFrame
		return n
	}
	for i := range staff {
		n.Staff = append(n.Staff, persistence.StaffEntry{Seq: first + i, ID: m.text(), At: m.time(), Body: m.bytes(true)})
		s.StaffSeq = first + i
	}
	if m.rest != "" && m.err == nil {
		n.Trace = m.text()
	}
	return n
}
