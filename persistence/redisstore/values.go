package redisstore

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"zgoda/persistence"
)

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// micros rounds up, so that no window is nothing.
func micros(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Microsecond-1)/time.Microsecond), 10)
}

// nanos is how times are stored; the zero time, which has no such number, is 0.
func nanos(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixNano(), 10)
}

func fromNanos(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("time: %w", err)
	}
	if n == 0 {
		return time.Time{}, nil
	}
	return time.Unix(0, n).UTC(), nil
}

// newName returns a random name.
func newName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// A reader takes a script's reply apart. The first thing that is not what was
// expected is kept in err and makes everything after it empty.
type reader struct {
	v   any
	err error
}

var errReply = errors.New("the script's reply has another shape")

// list returns a reader of the elements, which shares the reader's error.
func (r *reader) list() *elements {
	items, ok := r.v.([]any)
	if !ok && r.v != nil {
		r.err = errReply
	}
	return &elements{items: items, r: r}
}

// elements are what is left of a list.
type elements struct {
	items []any
	r     *reader
}

func (l *elements) next() any {
	if len(l.items) == 0 {
		l.r.err = errReply
		return nil
	}
	v := l.items[0]
	l.items = l.items[1:]
	return v
}

// count reads a number that Redis returned as one.
func (l *elements) count() uint64 { return uint64(max(l.integer(), 0)) }

func (l *elements) integer() int64 {
	n, ok := l.next().(int64)
	if !ok {
		l.r.err = errReply
	}
	return n
}

// text reads a string; what is missing is empty.
func (l *elements) text() string {
	s, _ := l.next().(string)
	return s
}

// bytes reads a value; what is missing is nil.
func (l *elements) bytes() []byte {
	s, ok := l.next().(string)
	if !ok {
		return nil
	}
	return []byte(s)
}

func (l *elements) number() uint64 {
	s := l.text()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil && l.r.err == nil {
		l.r.err = fmt.Errorf("number in a reply: %w", err)
	}
	return n
}

// optNumber reads a number; what is missing is 0.
func (l *elements) optNumber() uint64 {
	if len(l.items) > 0 && l.items[0] == nil {
		l.next()
		return 0
	}
	return l.number()
}

// list reads an element that is a list itself.
func (l *elements) list() *elements {
	items, ok := l.next().([]any)
	if !ok {
		l.r.err = errReply
	}
	return &elements{items: items, r: l.r}
}

// A convHead is what Go reads of a conversation's packed field; heads.lua
// describes it.
type convHead struct {
	version, seq, first uint64
	epoch               string
}

func (h convHead) position() persistence.Position {
	if h.epoch == "" {
		return persistence.Position{}
	}
	return persistence.Position{Epoch: h.epoch, Seq: h.seq, Version: h.version}
}

// convHead reads a conversation's head; what is missing is the zero one.
func (l *elements) convHead() convHead {
	p := l.packed()
	if p.rest == "" {
		return convHead{}
	}
	h := convHead{version: p.number(), seq: p.number(), first: p.number()}
	p.take(2 * numberSize) // what only the scripts need
	p.take(p.size(1))
	h.epoch = p.take(p.size(2))
	return h
}

// A packed value is what struct.pack of Redis' Lua made.
type packed struct {
	rest string
	r    *reader
}

const numberSize = 8

func (l *elements) packed() *packed { return &packed{rest: l.text(), r: l.r} }

func (p *packed) take(n int) string {
	if n > len(p.rest) {
		p.rest, p.r.err = "", errReply
		return ""
	}
	s := p.rest[:n]
	p.rest = p.rest[n:]
	return s
}

// number reads a double that holds a whole number.
func (p *packed) number() uint64 {
	s := p.take(numberSize)
	if s == "" {
		return 0
	}
	return uint64(math.Float64frombits(binary.LittleEndian.Uint64([]byte(s))))
}

// size reads a length of so many bytes.
func (p *packed) size(bytes int) int {
	n := 0
	for i, b := range []byte(p.take(bytes)) {
		n |= int(b) << (8 * i)
	}
	return n
}

// snapshot reads what snapshot.lua returns. A profile that another process
// wrote may miss what that process had acknowledged.
func (l *elements) snapshot(key persistence.Key, run string) persistence.Snapshot {
	f := l.list()
	s := persistence.Snapshot{Key: key, Visitor: f.text(), Life: run}
	conv := f.convHead()
	s.Version, s.Epoch, s.Seq, s.First, s.State = conv.version, conv.epoch, conv.seq, conv.first, f.bytes()
	p := f.packed()
	s.Profile, s.Contact = f.bytes(), f.bytes()
	s.StaffSeq, s.SeenVisitor, s.SeenOperator = f.optNumber(), f.optNumber(), f.optNumber()
	if p.rest == "" {
		return s
	}
	s.ProfileVersion, s.VSeq = p.number(), p.number()
	p.take(3 * numberSize) // what only the scripts need
	wrote := p.take(p.size(1))
	s.Doubt, s.Erased = wrote != run, p.rest == "e"
	return s
}

// events reads entries of a log, which come backwards where the newest were
// asked for.
func (l *elements) events(backwards bool) []persistence.Event {
	list := l.list()
	out := make([]persistence.Event, 0, len(list.items))
	for len(list.items) > 0 {
		entry := list.list()
		id, fields := entry.text(), entry.list()
		seq, _, _ := strings.Cut(id, "-")
		n, err := strconv.ParseUint(seq, 10, 64)
		e := persistence.Event{Seq: n}
		fields.next()
		e.ID = fields.text()
		fields.next()
		at, atErr := fromNanos(fields.text())
		fields.next()
		e.At, e.Body = at, fields.bytes()
		if err = errors.Join(err, atErr); err != nil && l.r.err == nil {
			l.r.err = fmt.Errorf("event in a reply: %w", err)
		}
		if l.r.err != nil {
			return nil
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil
	}
	if backwards {
		slices.Reverse(out)
	}
	return out
}
