package widget

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
)

// A fake is a gateway for one visitor, with a bot that answers by keyword and
// faults to switch on. It is strict where the real one is: unknown frames fail the
// test.
type fake struct {
	t   *testing.T
	srv *httptest.Server

	mu       sync.Mutex
	tongue   map[string]string // translations of what the bot says; Polish where nil
	who      string            // identity of the conversation
	look     Look
	speaks   string // language of the consent cards; Polish where empty
	host     string // a page to embed the widget in, at /host
	epoch    string
	log      []protocol.Event
	state    protocol.State
	lastN    map[string]uint64
	answers  map[string]protocol.Ack
	sockets  []*fakeSocket
	opens    []protocol.ClientFrame
	inputs   []protocol.ClientFrame // every numbered frame, repeated ones too
	upgrades int
	seen     uint64 // the visitor's read mark
	requests []string
	pages    []string // asked for with the configuration
	refuse   bool     // refuse handshakes
	shut     bool     // refuse the page's origin
	well     bool     // the status is in order
	blocked  bool     // the bundles do not get through
	dead     bool     // sockets are read and answered by nobody
	deaf     bool     // read inputs and answer nothing
	fail     int      // answer this many inputs with unavailable
	twice    bool     // deliver every events frame twice
}

type fakeSocket struct {
	c      *websocket.Conn
	client string
	mute   bool // half open
}

func newFake(t *testing.T) *fake {
	f := &fake{
		t: t, epoch: "e1", lastN: map[string]uint64{}, answers: map[string]protocol.Ack{},
		state: protocol.State{Owner: protocol.OwnerBot, Consents: map[string]protocol.Consent{}, Held: []string{}},
	}
	mux := http.NewServeMux()
	mux.Handle("/", Handler(f.looks))
	mux.HandleFunc("GET /v1/sites/{site}/widget", f.config)
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		if get(f, func(f *fake) bool { return f.well }) {
			_, _ = fmt.Fprint(w, `{"ok":true}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"ok":false,"reason":"unavailable","retry_after_ms":300}`)
	})
	mux.HandleFunc("GET /v1/ws", f.socket)
	mux.HandleFunc("GET /host", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, get(f, func(f *fake) string { return f.host }))
	})
	f.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, r.URL.Path)
		blocked := f.blocked && strings.HasPrefix(r.URL.Path, "/widget/")
		f.mu.Unlock()
		if blocked {
			http.Error(w, "blocked", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		f.closeAll(websocket.StatusGoingAway)
		f.srv.Close()
	})
	return f
}

func (f *fake) looks(site string) (Look, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	look := f.look
	look.Side, look.Bottom, look.Locales = 20, 20, []string{"pl", "en"}
	return look, site == "demo"
}

func part(text string) []protocol.Part { return []protocol.Part{{Text: text}} }

// tell says a Polish line in the fake's language.
func (f *fake) tell(polish string) []protocol.Part {
	return part(cmp.Or(f.tongue[polish], polish))
}

func (f *fake) greeting() []protocol.Event {
	events := []protocol.Event{
		{ID: "greeting-1", From: "bot", Kind: "message", Text: part("Dzień dobry! Tu asystent Sklepu Łąka.")},
		{
			ID: "greeting-2", From: "bot", Kind: "choices", Text: part("W czym mogę pomóc?"),
			Options: []protocol.Option{{ID: "delivery", Label: "Dostawa"}, {ID: "returns", Label: "Zwroty i reklamacje"}, {ID: "contact", Label: "Zostawię kontakt"}},
		},
	}
	for i := range events {
		events[i].Text = f.tell(events[i].Text[0].Text)
		for j, o := range events[i].Options {
			events[i].Options[j].Label = cmp.Or(f.tongue[o.Label], o.Label)
		}
	}
	return events
}

func (f *fake) config(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.PathValue("site") != "demo" {
		http.Error(w, `{"code":"unknown_site"}`, http.StatusNotFound)
		return
	}
	if f.shut {
		http.Error(w, `{"code":"origin_refused"}`, http.StatusForbidden)
		return
	}
	f.pages = append(f.pages, r.URL.Query().Get("page"))
	greeting := f.greeting()
	if r.URL.Query().Get("page") == "/cart" {
		greeting[0].Text = part("Widzę, że coś jest już w koszyku.")
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"site": "demo", "name": "Sklep Łąka", "locale": r.URL.Query().Get("locale"), "dir": "ltr",
		"flow": "sha256:" + fmt.Sprintf("%064x", 1), "greeting": greeting,
		"expect": protocol.Expect{Kind: "choices", Prompt: "greeting-2"},
		"limits": limits(), "look": map[string]string{"color": f.look.Color},
		"gdpr": map[string]any{"title": "Informacje o danych osobowych", "sections": []map[string]any{
			{"heading": "Administrator", "paragraphs": []string{"Administratorem Twoich danych jest Sklep Łąka, ul. Polna 7, 20-001 Lublin. To sklep decyduje, po co i jak długo je przechowuje."}},
			{"heading": "Podmiot przetwarzający", "paragraphs": []string{"Zgoda przetwarza dane na polecenie sklepu."}},
		}},
		"policy_url": "https://laka.example/prywatnosc",
	})
}

func limits() protocol.Limits {
	return protocol.Limits{FrameBytes: 16384, TextRunes: 2000, InFlight: 16, BeatMS: 25000, SilenceMS: 100000}
}

func (f *fake) socket(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.upgrades++
	refuse := f.refuse
	f.mu.Unlock()
	if refuse {
		http.Error(w, "no", http.StatusServiceUnavailable)
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	s := &fakeSocket{c: c}
	f.mu.Lock()
	f.sockets = append(f.sockets, s)
	f.mu.Unlock()
	for {
		_, data, err := c.Read(context.Background())
		if err != nil {
			break
		}
		f.frame(s, data)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, other := range f.sockets {
		if other == s {
			f.sockets = append(f.sockets[:i:i], f.sockets[i+1:]...)
		}
	}
}

func (f *fake) frame(s *fakeSocket, data []byte) {
	if get(f, func(f *fake) bool { return f.dead || s.mute }) {
		return
	}
	in, err := protocol.Decode(data)
	if err != nil {
		f.t.Errorf("the widget sent %s: %v", data, err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch in.T {
	case protocol.TypeOpen:
		f.open(s, in)
	case protocol.TypeBeat:
		s.send(protocol.Beat{T: "beat", Epoch: f.epoch, Seq: uint64(len(f.log))})
	case protocol.TypeHistory:
		f.past(s, in)
	case protocol.TypeTyping:
	case protocol.TypeSeen:
		f.seen = in.Seq
	case protocol.TypeAskReceipt, protocol.TypeAskExport:
		f.rights(s, in.T)
	default:
		f.inputs = append(f.inputs, in)
		f.input(s, in)
	}
}

func (f *fake) open(s *fakeSocket, in protocol.ClientFrame) {
	f.opens = append(f.opens, in)
	s.client = in.Client
	if who := in.Identity; who != nil {
		switch {
		case who.Proof != goodProof:
			s.send(protocol.Error{T: "error", Code: protocol.CodeIdentityInvalid, Message: "not proved"})
		case f.who != "" && f.who != who.ID:
			s.send(protocol.Error{T: "error", Code: protocol.CodeIdentityOther, Message: "another person"})
			return
		default:
			f.who = who.ID
		}
	}
	seq := uint64(len(f.log))
	hello := protocol.Hello{
		T: "hello", Visitor: "v", Conversation: "c", Token: "token", Now: time.Now().UnixMilli(),
		LastN: f.lastN[in.Client], Limits: limits(), Resume: protocol.ResumeNew,
	}
	from := uint64(0)
	switch {
	case in.Have != nil && in.Have.Epoch == f.epoch && in.Have.Seq <= seq && in.Have.Seq > 0 && f.log[in.Have.Seq-1].ID == in.Have.ID:
		hello.Resume, from = protocol.ResumeResumed, in.Have.Seq
	case seq > 0 || in.Have != nil:
		hello.Resume = protocol.ResumeReset
		if seq > protocol.ResetEvents {
			from = seq - protocol.ResetEvents
		}
	}
	s.send(hello)
	if hello.Resume == protocol.ResumeReset {
		s.send(protocol.Reset{T: "reset", Epoch: f.epoch, Seq: seq, First: from + 1, State: &f.state})
	}
	if hello.Resume != protocol.ResumeNew {
		s.send(protocol.Events{T: "events", Epoch: f.epoch, Events: f.log[from:], State: &f.state})
	}
}

// goodProof is the proof that the fake takes for any id.
var goodProof = strings.Repeat("ab", 32)

// rights answers the requests for what a visitor can take away.
func (f *fake) rights(s *fakeSocket, t string) {
	switch {
	case f.fail > 0:
		s.send(protocol.Error{T: "error", Code: protocol.CodeUnavailable, Message: "later"})
	case t == protocol.TypeAskReceipt:
		s.send(protocol.Receipt{T: "receipt", Receipt: "eyJh.e30.c2ln"})
	default:
		s.send(protocol.Export{T: "export", Part: 1, Text: `{"contact":{"email":"ala@`, More: true})
		s.send(protocol.Export{T: "export", Part: 2, Text: `example.com"}}`})
	}
}

func (f *fake) past(s *fakeSocket, in protocol.ClientFrame) {
	end := in.BeforeSeq - 1
	start := uint64(0)
	if end > uint64(in.Limit) {
		start = end - uint64(in.Limit)
	}
	s.send(protocol.Past{T: "past", BeforeSeq: in.BeforeSeq, Events: f.log[start:end], More: start > 0})
}

func (s *fakeSocket) send(frame any) {
	if s.mute {
		return
	}
	data, _ := json.Marshal(frame)
	_ = s.c.Write(context.Background(), websocket.MessageText, data)
}

// deliver tells every socket; the first one that hears it may be the sender.
func (f *fake) deliver(events []protocol.Event, removed bool) {
	frame := protocol.Events{T: "events", Epoch: f.epoch, Events: events, State: &f.state, Removed: removed}
	for _, s := range f.sockets {
		s.send(frame)
		if f.twice {
			s.send(frame)
		}
	}
}

func (f *fake) closeAll(code websocket.StatusCode) {
	f.mu.Lock()
	sockets := append([]*fakeSocket(nil), f.sockets...)
	f.mu.Unlock()
	for _, s := range sockets {
		if code == websocket.StatusGoingAway {
			_ = s.c.CloseNow()
		} else {
			_ = s.c.Close(code, "")
		}
	}
}

// forgetSockets leaves the sockets there are half open: their frames go nowhere.
func (f *fake) forgetSockets() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sockets {
		s.mute = true
	}
	f.sockets = nil
}

// set changes faults under the lock.
func (f *fake) set(change func(*fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// get reads under the lock.
func get[T any](f *fake, read func(*fake) T) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return read(f)
}
