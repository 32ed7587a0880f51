package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"golang.org/x/time/rate"

	"zgoda/gateway/access"
	"zgoda/gateway/chat"
	"zgoda/gateway/protocol"
	"zgoda/gateway/receipt"
)

// The visitor's own side: a receipt, and all that is held. Both read the stores
// and change nothing, whoever has the conversation and whatever was decided.

var byVisitor = chat.Access{Actor: "visitor", Reason: "asked for in the chat"}

// giveReceipt answers ask_receipt.
func (s *session) giveReceipt(ctx context.Context) {
	if !s.mayAsk() {
		return
	}
	ledger, err := s.server.Chat.Ledger(ctx, s.site(), s.conversation.Key, byVisitor)
	if err != nil {
		s.unavailable(0, err)
		return
	}
	r, err := receipt.Build(receipt.Order{Site: s.site(), Ledger: ledger, ID: rand.Text(), Now: s.server.Now()})
	if errors.Is(err, receipt.ErrNothing) {
		s.server.Observer.Receipt(s.key, "nothing")
		s.fail(0, protocol.CodeBadInput, "nothing was asked yet, so there is no receipt")
		return
	}
	if err != nil {
		s.unavailable(0, err)
		return
	}
	token, err := s.server.Receipts.Receipt(r)
	if err != nil {
		s.unavailable(0, err)
		return
	}
	data, err := protocol.Encode(&protocol.Receipt{Receipt: token})
	if err != nil {
		s.unavailable(0, err)
		return
	}
	s.server.Observer.Receipt(s.key, "issued")
	_ = s.socket.SendAll(data) // the reader learns of a closed socket by itself
}

// giveExport answers ask_export. The document is one JSON text, sent in pieces.
func (s *session) giveExport(ctx context.Context) {
	if !s.mayAsk() {
		return
	}
	held, err := s.server.Chat.Held(ctx, s.site(), s.conversation.Key, byVisitor)
	if err != nil {
		s.unavailable(0, err)
		return
	}
	text, err := json.Marshal(s.server.document(s, &held), json.Deterministic(true))
	if err != nil {
		s.unavailable(0, err)
		return
	}
	for part := 1; ; part++ {
		piece := cut(text, protocol.ExportBytes)
		text = text[len(piece):]
		data, err := protocol.Encode(&protocol.Export{Part: part, Text: string(piece), More: len(text) > 0})
		if err != nil {
			s.unavailable(0, err)
			return
		}
		if s.socket.SendAll(data) != nil || len(text) == 0 {
			return
		}
	}
}

func (s *Server) document(c *session, h *chat.Held) *access.Document {
	language := h.Locale
	if language == "" {
		language = c.locale
	}
	return access.New(access.Sources{
		Site: c.site(), Visitor: chat.VisitorOf(c.conversation.Key.Conversation), AsOf: s.Now(), Language: language,
		Values: h.Values(), GivenAt: h.At, RestrictedAt: h.Restricted,
		Ledger: h.Ledger, Person: h.Person, Events: h.Events, Complete: h.Complete,
	})
}

// cut returns the longest beginning of at most limit bytes that ends with a whole
// character.
func cut(text []byte, limit int) []byte {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// retryAskMS is when a visitor may ask again after asking too often.
const retryAskMS = 10_000

// mayAsk bounds how often a visitor asks for what costs many reads.
func (s *session) mayAsk() bool {
	if s.server.asked.take(s.conversation.Key, s.server.Now()) {
		return true
	}
	e := protocol.NewError(0, protocol.CodeRateLimited, "too many requests; ask again later")
	e.RetryAfterMS = retryAskMS
	s.send(e)
	return false
}

// How often a visitor may ask on a node: some at once, then one at a time.
const (
	askBurst = 6
	askEvery = 5 * time.Second
	// maxAskers is how many visitors are remembered before those are forgotten who
	// may ask as often as anybody again.
	maxAskers = 10_000
)

// askers counts what visitors ask for. All methods may be called concurrently.
type askers struct {
	mu   sync.Mutex // guards list
	list map[chat.Key]*rate.Limiter
}

func (a *askers) take(key chat.Key, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.list == nil {
		a.list = map[chat.Key]*rate.Limiter{}
	}
	l := a.list[key]
	if l == nil {
		if len(a.list) >= maxAskers {
			a.forget(now)
		}
		l = rate.NewLimiter(rate.Every(askEvery), askBurst)
		a.list[key] = l
	}
	return l.AllowN(now, 1)
}

// forget drops everybody whose count has run down.
func (a *askers) forget(now time.Time) {
	for key, l := range a.list {
		if l.TokensAt(now) >= askBurst {
			delete(a.list, key)
		}
	}
}
