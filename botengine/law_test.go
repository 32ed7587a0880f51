package botengine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A trial runs a bot through inputs and checks the laws after every turn. It
// keeps its own account of consent, made of the entries alone.
type trial struct {
	t       *rapid.T
	bot     *Bot
	s       *Settings
	state   State
	profile Profile
	now     int64
	turns   int
	last    int64

	vseq     uint64
	requests map[string]Entry // open requests by id
	grants   map[string]Entry // in force, by purpose
	refused  map[string]int64 // when, by purpose, since the last grant
	asked    map[string]bool  // by the bot, in this session
	ids      map[string]bool
	offers   []Event
	cards    []string
	ledger   []Entry // the consent events
	owner    string
	effects  []*Effect
	// grown: the visitor has said that they are old enough.
	grown bool
}

func newTrial(t *rapid.T, b *Bot) *trial {
	r := &trial{
		t: t, bot: b, s: b.settings, now: 1_000_000, requests: map[string]Entry{}, grants: map[string]Entry{},
		refused: map[string]int64{}, asked: map[string]bool{}, ids: map[string]bool{}, last: 1_000_000, owner: OwnerBot,
	}
	g := b.Greet(rapid.SampledFrom([]string{"pl", "en", "de", ""}).Draw(t, "locale"), Input{ID: "g", At: r.now})
	r.events(g.Events, Input{})
	if len(g.Entries) > 0 || len(g.Values) > 0 || g.Refused != nil {
		t.Fatalf("the greeting recorded something: %+v", g)
	}
	r.state = g.State
	return r
}

// canary is what no event, state or entry may ever hold.
const (
	canaryMail  = "canary.7f3@example.pl"
	canaryPhone = "+48 600 700 801"
)

var lines = []string{
	"o której otwieracie?", "hours", "ile kosztuje dostawa", "czy macie słonie", "menu", "ok", "tak", "nie", "no", "👍",
	"zgadzam się", "I agree", "nie zgadzam się", "i do not agree", "i agree, but later", "Poproszę o ofertę", "an offer",
	"Anna", "Anna Nowak", "12", "24.12.2026", "2", "b", canaryMail, "pisz na " + canaryMail, canaryPhone, "tel. " + canaryPhone + " albo " + canaryMail,
	"anna@", "zamówienie 123456789", "", "   ", "\x00", "🌿", "<b>x</b>", "godziny?", strings.Repeat("a ", 5000),
}

func (r *trial) input() Input {
	in := Input{Quiet: rapid.IntRange(0, 9).Draw(r.t, "quiet") == 0 || r.owner == OwnerQueue || r.owner == OwnerOperator, Owner: r.owner}
	in.Operators = rapid.IntRange(0, 1).Draw(r.t, "operators")
	switch k := rapid.IntRange(0, 29).Draw(r.t, "kind"); {
	case k > 25:
		r.inputOnContact(&in, k)
	case k > 19:
		r.inputOfSystem(&in, k)
	case k < 8:
		in.Kind = InputText
		if in.Text = rapid.SampledFrom(lines).Draw(r.t, "text"); k == 0 {
			in.Text = rapid.String().Draw(r.t, "any text")
		}
	case k < 12:
		in.Kind = InputChoice
		if len(r.offers) > 0 {
			e := r.offers[max(0, len(r.offers)-1-rapid.IntRange(0, 2).Draw(r.t, "offer"))]
			in.Of, in.Choice = e.ID, rapid.SampledFrom(e.Options).Draw(r.t, "option").ID
		}
	case k < 16:
		in.Kind = InputDecision
		in.Answer = rapid.SampledFrom([]string{AnswerGrant, AnswerGrant, AnswerDecline, "maybe"}).Draw(r.t, "answer")
		if len(r.cards) > 0 {
			in.Request = r.cards[max(0, len(r.cards)-1-rapid.IntRange(0, 3).Draw(r.t, "card")/2)]
		}
	case k < 18:
		in.Kind = InputAskCard
		in.Purposes = rapid.SampledFrom([][]string{nil, {"lead_contact"}, {"marketing_email"}, {"marketing_phone"}, {"nothing"}}).Draw(r.t, "purposes")
		in.Actor = rapid.SampledFrom([]string{"", "visitor", "operator:ola", "command"}).Draw(r.t, "actor")
	default:
		in.Kind = InputWithdraw
		in.Purposes = rapid.SampledFrom([][]string{nil, {"lead_contact"}, {"marketing_email"}}).Draw(r.t, "purposes")
		in.Actor = rapid.SampledFrom([]string{"", "command", "operator:ola"}).Draw(r.t, "actor")
	}
	return in
}

// inputOnContact draws what is done to what is held.
func (r *trial) inputOnContact(in *Input, k int) {
	switch {
	case k < 28:
		in.Kind = InputCorrect
		in.Fields = rapid.SampledFrom([]map[string]string{
			nil,
			{"name": "Anna"},
			{"email": canaryMail},
			{"email": canaryMail, "phone": canaryPhone},
			{"name": canaryMail},
			{"shoe": "42"},
		}).Draw(r.t, "fields")
		in.Actor = rapid.SampledFrom([]string{"", "operator:ola", "command:root", "system"}).Draw(r.t, "actor")
	case k == 28:
		in.Kind, in.On = InputRestrict, rapid.Bool().Draw(r.t, "on")
		in.Actor = rapid.SampledFrom([]string{"", "operator:ola", "command:root", "system"}).Draw(r.t, "actor")
	default:
		in.Kind, in.Until = InputExpire, r.now-rapid.SampledFrom([]int64{0, day, 300 * day}).Draw(r.t, "kept")
		in.Actor = rapid.SampledFrom([]string{"", "system"}).Draw(r.t, "actor")
	}
}

// inputOfSystem draws a timer, a change of owner, or what a webhook answered.
func (r *trial) inputOfSystem(in *Input, k int) {
	in.Actor = actorSystem
	switch {
	case k < 22:
		in.Kind = InputTimer
		if r.state.Due > 0 && rapid.Bool().Draw(r.t, "on time") {
			r.now = max(r.now, r.state.Due)
		}
	case k < 24 && len(r.effects) > 0:
		e := r.effects[max(0, len(r.effects)-1-rapid.IntRange(0, 2).Draw(r.t, "effect")/2)]
		in.Kind = InputResult
		in.Result = &EffectResult{
			ID: e.ID, Attempt: e.Attempt, OK: rapid.Bool().Draw(r.t, "ok"), Final: rapid.Bool().Draw(r.t, "final"),
			Values: map[string]string{"k": rapid.SampledFrom(lines).Draw(r.t, "answer")},
		}
	default:
		in.Kind = InputOwner
		in.Owner = rapid.SampledFrom([]string{OwnerBot, OwnerBot, OwnerQueue, OwnerOperator, OwnerClosed, "nobody"}).Draw(r.t, "owner")
	}
}

// waits checks what a turn did about people, time and webhooks.
func (r *trial) waits(in Input, got Result) {
	if in.Kind == InputOwner {
		r.owner = in.Owner
	}
	if got.Owner != "" {
		if in.Quiet && (in.Kind != InputTimer || r.owner != OwnerQueue) && in.Kind != InputOwner {
			r.t.Fatalf("%+v took the conversation from a person", in)
		}
		r.owner = got.Owner
	}
	if e := got.Effect; e != nil {
		for _, f := range e.Fields {
			if r.bot.contact[f.Name] {
				r.mayCollect("sent " + f.Name)
				if f.Value != "" || f.Ref == "" || f.Ref != got.Profile.Refs[f.Name] {
					r.t.Fatalf("sends %+v, holds %v", f, got.Profile.Refs)
				}
			}
		}
		if got.State.Effect == nil || got.State.Effect.ID != e.ID || got.State.Effect.Attempt != e.Attempt {
			r.t.Fatalf("made %+v and waits for %+v", e, got.State.Effect)
		}
		r.effects = append(r.effects, e)
	}
	if s := got.State; (s.Effect != nil || s.Queue != "") && s.Due == 0 {
		r.t.Fatalf("waits without a time: %+v", s)
	}
	if got.State.Due != 0 && got.State.Due < r.now && got.State.Due != r.state.Due {
		r.t.Fatalf("a timer in the past: %d at %d", got.State.Due, r.now)
	}
}

// turn draws an input, runs it twice and checks what came of it.
func (r *trial) turn() {
	in := r.input()
	r.now += rapid.SampledFrom([]int64{1000, 1000, 1000, 60_000, 31 * minute, 2 * day, 200 * day, 400 * day}).Draw(r.t, "pause")
	r.turns++
	in.ID, in.At = fmt.Sprintf("t%d", r.turns), r.now
	before := encode(r.t, r.state) + encode(r.t, r.profile)
	got := r.bot.Turn(r.state, r.profile, in)
	if again := r.bot.Turn(r.state, r.profile, in); !reflect.DeepEqual(got, again) {
		r.t.Fatalf("a replay of %+v differs:\n%+v\n%+v", in, got, again)
	}
	if encode(r.t, r.state)+encode(r.t, r.profile) != before {
		r.t.Fatalf("%+v changed what it was given", in)
	}
	if got.Refused != nil {
		if len(got.Events)+len(got.Entries)+len(got.Values) > 0 || !reflect.DeepEqual(got.State, r.state) || !reflect.DeepEqual(got.Profile, r.profile) {
			r.t.Fatalf("a refused input did something: %+v", got)
		}
		return
	}
	if by := in.Actor == "" || in.Actor == "visitor"; by {
		if r.now-r.last > r.s.SessionIdleMS {
			clear(r.asked)
		}
		r.last = r.now
	}
	if open := r.state.Card; in.Kind == InputDecision && (open == nil || open.Request != in.Request) {
		r.t.Fatalf("%+v answers a card that is not open", in)
	}
	if in.Kind == InputChoice && in.Choice == ageReached {
		r.grown = true
	}
	for _, e := range got.Entries {
		r.entry(e)
	}
	r.events(got.Events, in)
	r.collected(got)
	r.clean(got)
	r.waits(in, got)
	r.state, r.profile = got.State, got.Profile
	r.remembers()
	r.rests()
}

func encode(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (r *trial) base() string { return r.bot.base }

func (r *trial) inForce(p string) bool {
	g, ok := r.grants[p]
	return ok && (g.ValidUntil == 0 || r.now < g.ValidUntil)
}

// entry keeps the account, and refuses entries that the ledger would refuse.
func (r *trial) entry(e Entry) {
	r.vseq++
	if e.VSeq != r.vseq || e.At != r.now || r.ids[e.ID] {
		r.t.Fatalf("entry %+v: want vseq %d, at %d, a new id", e, r.vseq, r.now)
	}
	r.ids[e.ID] = true
	if !slices.Contains([]string{EntrySeen, EntryContact, EntryRestrict, EntryErase}, e.Kind) {
		r.ledger = append(r.ledger, e)
	}
	switch e.Kind {
	case statusRequested:
		if r.s.AgeLimit > 0 && !r.grown {
			r.t.Fatalf("asked for consent before the age: %+v", e)
		}
		if e.Actor == actorSystem {
			if r.asked[e.Purpose] {
				r.t.Fatalf("the bot asked for %s twice in a session", e.Purpose)
			}
			if at, ok := r.refused[e.Purpose]; ok && r.now-at < r.s.ReaskAfterMS {
				r.t.Fatalf("the bot asked for %s again %d days after a refusal", e.Purpose, (r.now-at)/day)
			}
			r.asked[e.Purpose] = true
		}
		if e.Purpose != r.base() && !r.inForce(r.base()) && !r.s.Bundled {
			r.t.Fatalf("asked for %s without the base", e.Purpose)
		}
		r.requests[e.ID] = e
	case statusGranted, statusDeclined, statusDeferred:
		q, ok := r.requests[e.Request]
		if !ok || q.Purpose != e.Purpose || q.Notice != e.Notice || q.Locale != e.Locale {
			r.t.Fatalf("entry %+v answers no open request (%+v)", e, q)
		}
		delete(r.requests, e.Request)
		switch e.Kind {
		case statusGranted:
			if e.Actor != FromVisitor || (e.Method != methodButton && e.Method != methodPhrase) || e.Grant == "" {
				r.t.Fatalf("grant %+v", e)
			}
			r.grants[e.Purpose] = e
			delete(r.refused, e.Purpose)
		case statusDeclined:
			r.refused[e.Purpose] = r.now
		}
	case statusWithdrawn, statusExpired:
		if g, ok := r.grants[e.Purpose]; ok && (g.Grant != e.Grant || g.VSeq != e.GrantVSeq) {
			r.t.Fatalf("%+v ends another grant than %+v", e, g)
		}
		delete(r.grants, e.Purpose)
		if e.Kind == statusWithdrawn {
			r.refused[e.Purpose] = r.now
		}
	case EntryContact:
		r.mayCollect("contact record")
		if g, ok := r.grants[r.base()]; ok && (e.Grant != g.Grant || e.GrantVSeq != g.VSeq || e.GrantVSeq >= e.VSeq) {
			r.t.Fatalf("contact %+v names another grant than %+v", e, g)
		}
	}
}

// mayCollect fails where nothing may be collected.
func (r *trial) mayCollect(what string) {
	if r.s.AgeLimit > 0 && !r.grown {
		r.t.Fatalf("%s without the age", what)
	}
	_, refused := r.refused[r.base()]
	if !r.inForce(r.base()) && (r.s.RequireConsent || refused || len(r.s.Purposes) == 0) {
		r.t.Fatalf("%s without a grant in force", what)
	}
}

func (r *trial) events(events []Event, in Input) {
	for _, e := range events {
		if e.ID == "" || r.ids[e.ID] {
			r.t.Fatalf("event %+v has no name of its own", e)
		}
		r.ids[e.ID] = true
		if in.Quiet && e.From == FromBot && in.Kind != InputTimer && in.Kind != InputOwner {
			r.t.Fatalf("the bot spoke while a person had the conversation: %+v", e)
		}
		if e.From == FromBot && e.Kind != EventCard && e.Kind != EventEnd && (len(e.Text) == 0 || e.Locale == "") {
			r.t.Fatalf("a line without a text or locale: %+v", e)
		}
		if e.Kind == EventAsk && r.bot.contact[e.Field] {
			r.mayCollect("asked for " + e.Field)
		}
		if len(e.Options) > 0 {
			r.offers = append(r.offers, e)
		}
		if e.Card != nil && !e.Card.NoAnswer {
			r.cards = append(r.cards, e.Card.Request)
		}
	}
}

func (r *trial) collected(got Result) {
	for _, v := range got.Values {
		r.mayCollect("kept a value")
		if v.Field != "" && got.Profile.Refs[v.Field] != v.Ref {
			r.t.Fatalf("value %+v is not in the profile %+v", v, got.Profile)
		}
	}
	if got.Profile.RestrictedAt != 0 {
		if len(got.Profile.Held) == 0 {
			r.t.Fatalf("nothing is held and that is restricted: %+v", got.Profile)
		}
		for _, e := range got.Events {
			if e.From == FromBot && slices.ContainsFunc(e.Text, func(s Span) bool { return s.Field != "" }) {
				r.t.Fatalf("a restricted value was used: %+v", e)
			}
		}
	}
	for _, field := range got.Profile.Held {
		// What was held is gone with the drop; what the same turn took is not.
		fresh := slices.ContainsFunc(got.Values, func(v Value) bool { return v.Ref == got.Profile.Refs[field] })
		if got.DropContact && !fresh {
			r.t.Fatalf("dropped, but holds %v", got.Profile.Held)
		}
	}
	if len(got.Profile.Held) != len(got.Profile.Refs) || got.Profile.VSeq != r.vseq {
		r.t.Fatalf("profile %+v after %d records", got.Profile, r.vseq)
	}
	if len(got.Profile.Held) > 0 && r.s.RequireConsent {
		r.mayCollect("holds contact fields")
	}
}

// clean looks for the canaries, and for anything the detector knows, in all that
// leaves the turn but the values.
func (r *trial) clean(got Result) {
	all := encode(r.t, got.Events) + encode(r.t, got.Entries) + encode(r.t, got.State) + encode(r.t, got.Profile)
	for _, canary := range []string{canaryMail, canaryPhone, "canary.7f3", "600 700 801", "600700801"} {
		if strings.Contains(all, canary) {
			r.t.Fatalf("%q left the turn: %s", canary, all)
		}
	}
	for _, e := range got.Events {
		if e.From != FromVisitor {
			continue
		}
		for _, s := range e.Text {
			if found := detect(s.Text, r.s.Region); len(found) > 0 {
				r.t.Fatalf("a detail left the turn in %q", s.Text)
			}
		}
	}
}

// remembers compares what the profile remembers with all entries so far.
func (r *trial) remembers() {
	past, whole := r.profile.Remembered()
	if whole && len(past) != len(r.ledger) || !whole && len(r.ledger) < maxPast {
		r.t.Fatalf("remembers %d of %d consent events, whole: %t", len(past), len(r.ledger), whole)
	}
	for i, p := range past {
		e := r.ledger[len(r.ledger)-len(past)+i]
		want := PastEntry{
			VSeq: e.VSeq, ID: e.ID, Purpose: e.Purpose, Kind: e.Kind, At: e.At, Request: e.Request, Grant: e.Grant,
			Notice: e.Notice, Locale: e.Locale, Actor: e.Actor, Method: e.Method, ValidUntil: e.ValidUntil,
		}
		if p != want && whole {
			r.t.Fatalf("remembers %+v, it was %+v", p, want)
		}
	}
}

// rests checks that the flow waits or has ended, and that the state is small.
func (r *trial) rests() {
	if st := r.state.Step; st != "" {
		i, ok := r.bot.flow.index[st]
		kinds := []stepKind{kindChoices, kindAnswers, kindAsk, kindConsent, kindHandoff, kindWebhook}
		if !ok || !slices.Contains(kinds, r.bot.flow.steps[i].kind) {
			r.t.Fatalf("stands at %q", st)
		}
	}
	vars := 0
	for _, v := range r.state.Vars {
		vars += len(v)
	}
	if n := len(encode(r.t, r.state)) - vars; n > 2048 {
		r.t.Fatalf("the state takes %d bytes", n)
	}
	if x := r.bot.Inputs(r.state, r.profile); x.Kind == "ask" && r.bot.contact[x.Field] && r.state.Card == nil {
		if _, refused := r.refused[r.base()]; r.s.RequireConsent && refused {
			r.t.Fatalf("waits for %s after a refusal", x.Field)
		}
	}
}

// drawSettings picks one of the settings a site may have.
func drawSettings(t *rapid.T) *Settings {
	s := demoSettings()
	v := rapid.SampledFrom(variants).Draw(t, "variant")
	s.RequireConsent, s.Bundled = v.require, v.bundled
	switch rapid.IntRange(0, 5).Draw(t, "site") {
	case 0:
		s.Purposes = nil
	case 1:
		s.Notices = nil
	case 2:
		s.ValidMS = map[string]int64{"lead_contact": day, "marketing_email": 3 * day}
	case 4:
		s.AgeLimit = 16
	case 3:
		s.Purposes = append(s.Purposes, "marketing_phone")
		publish(s)
	}
	return s
}

var lawFlows = []string{
	leadFlow, "../configs/flows/appointment.yaml", "../configs/flows/order-status.yaml", "../configs/flows/newsletter.yaml",
	"testdata/menu_only.yaml", "testdata/phone.yaml", "testdata/survey.yaml", "testdata/desk.yaml",
}

// TestLaws runs random inputs over the demo flow and some small ones (C1, C4,
// C23, C31).
func TestLaws(t *testing.T) {
	for _, file := range lawFlows {
		f := mustFlow(t, file)
		t.Run(f.Name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				s := drawSettings(rt)
				if !slices.Contains(f.Locales, "pl") && f.Fallback == "" {
					s.Locales = f.Locales
					publishIf(s)
				}
				b, err := NewBot(f, s)
				if err != nil {
					rt.Fatal(err)
				}
				r := newTrial(rt, b)
				for range rapid.IntRange(1, 25).Draw(rt, "turns") {
					r.turn()
				}
			})
		})
	}
}

// TestLawsUncheckedFlows runs random inputs over random flows that the load
// checks have not seen: what the gate in a turn promises, it promises whatever
// the flow says (C1, C23). Half way the flow may become another version.
func TestLawsUncheckedFlows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSettings(rt)
		s.Locales = []string{"pl"}
		versions := []*Bot{unchecked(drawFlow(rt, "one"), s), unchecked(drawFlow(rt, "two"), s)}
		r := newTrial(rt, versions[0])
		turns := rapid.IntRange(1, 20).Draw(rt, "turns")
		change := rapid.IntRange(0, 30).Draw(rt, "change")
		for k := range turns {
			if k == change {
				r.bot = versions[1]
			}
			r.turn()
		}
	})
}

// drawFlow makes a flow that is sound as a document and wild as a graph. Its
// first step waits: without that a greeting could ask for consent.
func drawFlow(t *rapid.T, hash string) *Flow {
	n := rapid.IntRange(2, 8).Draw(t, "steps")
	step := func() string { return fmt.Sprintf("s%d", rapid.IntRange(0, n-1).Draw(t, "to")) }
	var b strings.Builder
	b.WriteString("flow: wild\nlocales: [pl]\n")
	if rapid.Bool().Draw(t, "waits") {
		b.WriteString("remind: {after_ms: 60000, times: 2, text: R}\nclose: {after_ms: 600000, text: C}\n")
	}
	b.WriteString("steps:\n")
	for i := range n {
		kind := rapid.IntRange(0, 11).Draw(t, "kind")
		if i == 0 {
			kind = 0
		}
		fmt.Fprintf(&b, "  - id: s%d\n", i)
		switch kind {
		case 0:
			fmt.Fprintf(&b, "    choices: {text: T, options: [{id: a, label: A, goto: %s}, {id: b, label: B, goto: %s}]}\n", step(), step())
		case 1:
			fmt.Fprintf(&b, "    say: 'Hej {{name}} {{v}}'\n    goto: %s\n", step())
		case 2, 3:
			field := rapid.SampledFrom([]string{"name", "email", "phone"}).Draw(t, "field")
			fmt.Fprintf(&b, "    ask: {field: %s, type: %s, text: T, invalid: I, failed: %s}\n    goto: %s\n", field, field, step(), step())
		case 4:
			fmt.Fprintf(&b, "    ask: {field: v, type: text, text: T, invalid: I, failed: %s}\n    goto: %s\n", step(), step())
		case 5, 6:
			purposes := rapid.SampledFrom([]string{"lead_contact", "marketing_email", "lead_contact, marketing_email"}).Draw(t, "purposes")
			fmt.Fprintf(&b, "    consent: {purposes: [%s], granted: %s, declined: %s}\n", purposes, step(), step())
		case 7:
			fmt.Fprintf(&b, "    answers: {text: T, topics: [x], entries: [{id: x, title: X, match: {pl: [godzin*]}, say: S, goto: %s}], nomatch: {text: N, topics: [x]}}\n", step())
		case 8:
			fmt.Fprintf(&b, "    handoff: {queue: q, text: T, away: %s, unanswered: %s}\n    goto: %s\n", step(), step(), step())
		case 9, 10:
			field := rapid.SampledFrom([]string{"name", "email, v", "v"}).Draw(t, "field")
			fmt.Fprintf(&b, "    webhook: {url: https://x.example/, fields: [%s], save: {v: k}, failed: %s}\n    goto: %s\n", field, step(), step())
		default:
			fmt.Fprintf(&b, "    branch: {when: [{if: consent.lead_contact == 'granted', goto: %s}], else: %s}\n", step(), step())
		}
	}
	b.WriteString("  - {id: last, set: {v: '1', name2: x}, goto: done}\n  - {id: done, end: true}\n")
	r := &reader{flow: &Flow{File: "wild", Hash: hash, index: map[string]int{}}}
	if root := r.document([]byte(b.String())); root != nil {
		r.root(root)
		r.link()
	}
	for _, p := range r.problems {
		if !strings.Contains(p.Message, "is neither asked for nor set anywhere") {
			t.Fatalf("%v\n%s", p, b.String())
		}
	}
	return r.flow
}

// unchecked makes a bot without the load checks.
func unchecked(f *Flow, s *Settings) *Bot {
	b := &Bot{flow: f, settings: s, base: f.basePurpose(s), contact: f.contactFields(s), voices: map[string]*voice{}}
	b.bundle = bundleOf(f, s)
	b.steps()
	b.speak()
	return b
}
