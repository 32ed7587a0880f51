package protocol

// The methods here write the members of each type in the order of its struct.

func (w *writer) hello(f *Hello) {
	w.frame(TypeHello)
	w.str("visitor", f.Visitor)
	w.str("conversation", f.Conversation)
	w.str("token", f.Token)
	w.int("token_expires_at", f.TokenExpiresAt)
	w.int("now", f.Now)
	w.str("resume", f.Resume)
	w.uint("last_n", f.LastN)
	object(w, "limits", &f.Limits, (*writer).limits)
	w.close()
}

func (w *writer) limits(l *Limits) {
	w.int("frame_bytes", int64(l.FrameBytes))
	w.int("text_runes", int64(l.TextRunes))
	w.int("in_flight", int64(l.InFlight))
	w.int("beat_ms", l.BeatMS)
	w.int("silence_ms", l.SilenceMS)
}

func (w *writer) reset(f *Reset) {
	w.frame(TypeReset)
	w.str("epoch", f.Epoch)
	w.uint("seq", f.Seq)
	w.uint("first", f.First)
	if f.State != nil {
		object(w, "state", f.State, (*writer).state)
	}
	w.close()
}

func (w *writer) events(f *Events) {
	w.frame(TypeEvents)
	w.str("epoch", f.Epoch)
	array(w, "events", f.Events, (*writer).event)
	w.optBool("more", f.More)
	if f.State != nil {
		object(w, "state", f.State, (*writer).state)
	}
	w.optBool("removed", f.Removed)
	w.close()
}

func (w *writer) state(s *State) {
	w.str("owner", s.Owner)
	w.consents(s.Consents)
	object(w, "expect", &s.Expect, (*writer).expect)
	w.strs("held", s.Held)
	w.optStr("name", s.Name)
	w.optUint("seen", s.Seen)
}

func (w *writer) consents(consents map[string]Consent) {
	w.key("consents")
	w.open()
	for _, purpose := range sortedKeys(consents) {
		c := consents[purpose]
		w.mapKey(purpose)
		w.open()
		w.consent(&c)
		w.close()
	}
	w.close()
}

// mapKey begins a member whose name is data.
func (w *writer) mapKey(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.quote(name)
	w.b = append(w.b, ':')
}

func (w *writer) consent(c *Consent) {
	w.str("status", c.Status)
	w.optInt("at", c.At)
	w.optStr("notice", c.Notice)
	w.optStr("locale", c.Locale)
	w.optStr("method", c.Method)
}

func (w *writer) expect(e *Expect) {
	w.str("kind", e.Kind)
	w.optStr("type", e.Type)
	w.optStr("prompt", e.Prompt)
}

func (w *writer) event(e *Event) {
	w.uint("seq", e.Seq)
	w.str("id", e.ID)
	w.int("at", e.At)
	w.str("from", e.From)
	w.str("kind", e.Kind)
	w.optStr("client", e.Client)
	w.optUint("n", e.N)
	if e.Text != nil {
		array(w, "text", e.Text, (*writer).part)
	}
	w.optStr("locale", e.Locale)
	if e.Link != nil {
		object(w, "link", e.Link, (*writer).link)
	}
	if e.Image != nil {
		object(w, "image", e.Image, (*writer).image)
	}
	if e.Options != nil {
		array(w, "options", e.Options, (*writer).option)
	}
	w.optStr("of", e.Of)
	w.optStr("choice", e.Choice)
	w.optStr("field", e.Field)
	w.optStr("type", e.Type)
	if e.Card != nil {
		object(w, "card", e.Card, (*writer).card)
	}
	w.optStr("request", e.Request)
	w.optStr("answer", e.Answer)
	w.optStrs("purposes", e.Purposes)
	w.optStr("method", e.Method)
	w.optInt("delay_ms", e.DelayMS)
	w.optStr("name", e.Name)
	w.optStr("operator", e.Operator)
}

func (w *writer) part(p *Part) {
	w.optStr("text", p.Text)
	w.optBool("contact", p.Contact)
	w.optBool("removed", p.Removed)
	w.optBool("masked", p.Masked)
}

func (w *writer) link(l *Link) {
	w.str("label", l.Label)
	w.str("url", l.URL)
}

func (w *writer) image(i *Image) {
	w.str("url", i.URL)
	w.str("alt", i.Alt)
}

func (w *writer) option(o *Option) {
	w.str("id", o.ID)
	w.str("label", o.Label)
}

func (w *writer) card(c *Card) {
	w.str("request", c.Request)
	w.str("notice", c.Notice)
	w.str("locale", c.Locale)
	w.str("title", c.Title)
	w.str("body", c.Body)
	array(w, "purposes", c.Purposes, (*writer).codeText)
	array(w, "fields", c.Fields, (*writer).codeText)
	w.str("withdraw", c.Withdraw)
	w.str("accept", c.Accept)
	w.str("decline", c.Decline)
	object(w, "policy", &c.Policy, (*writer).policy)
	w.optBool("no_answer", c.NoAnswer)
}

func (w *writer) codeText(c *CodeText) {
	w.str("code", c.Code)
	w.str("text", c.Text)
}

func (w *writer) policy(p *Policy) {
	w.str("mode", p.Mode)
	w.optStr("url", p.URL)
	w.str("label", p.Label)
}

func (w *writer) ack(f *Ack) {
	w.frame(TypeAck)
	w.uint("n", f.N)
	w.optUint("seq", f.Seq)
	w.optStr("id", f.ID)
	if f.Refused != nil {
		object(w, "refused", f.Refused, func(w *writer, r *Refused) {
			w.str("code", string(r.Code))
			w.str("message", r.Message)
		})
	}
	w.about(f.Site, f.Conversation)
	w.close()
}

func (w *writer) error(f *Error) {
	w.frame(TypeError)
	w.str("code", string(f.Code))
	w.str("message", f.Message)
	w.optUint("n", f.N)
	w.optUint("expected", f.Expected)
	w.optInt("retry_after_ms", f.RetryAfterMS)
	w.about(f.Site, f.Conversation)
	w.close()
}

func (w *writer) beat(f *Beat) {
	w.frame(TypeBeat)
	w.optStr("epoch", f.Epoch)
	w.optUint("seq", f.Seq)
	if f.Inboxes != nil {
		array(w, "inboxes", f.Inboxes, (*writer).inboxTop)
	}
	if f.Logs != nil {
		array(w, "logs", f.Logs, (*writer).logTop)
	}
	w.close()
}

func (w *writer) past(f *Past) {
	w.frame(TypePast)
	w.uint("before_seq", f.BeforeSeq)
	array(w, "events", f.Events, (*writer).event)
	w.bool("more", f.More)
	w.close()
}

func (w *writer) receipt(f *Receipt) {
	w.frame(TypeReceipt)
	w.str("receipt", f.Receipt)
	w.close()
}

func (w *writer) export(f *Export) {
	w.frame(TypeExport)
	w.int("part", int64(f.Part))
	w.str("text", f.Text)
	w.bool("more", f.More)
	w.close()
}

func (w *writer) goAway(f *GoAway) {
	w.frame(TypeGoAway)
	w.int("after_ms", f.AfterMS)
	w.close()
}

func (w *writer) typing(f *Typing) {
	w.frame(TypeTyping)
	w.str("from", f.From)
	w.bool("on", f.On)
	w.optStr("name", f.Name)
	w.about(f.Site, f.Conversation)
	w.close()
}

// client writes the members that a frame of this type has: those it needs
// always, the others where they are not zero.
func (w *writer) client(f *ClientFrame, among []shape) {
	s, known := shapeOf(among, []byte(f.T))
	if !known {
		w.err = errUnknownType
		return
	}
	w.frame(s.t)
	strings := [...]struct {
		m     member
		value string
	}{
		{mClient, f.Client},
		{mSecret, f.Secret},
		{mToken, f.Token},
		{mFlow, f.Flow},
		{mLocale, f.Locale},
		{mPage, f.Page},
		{mTrace, f.Trace},
		{mText, f.Text},
		{mOf, f.Of},
		{mChoice, f.Choice},
		{mRequest, f.Request},
		{mAnswer, f.Answer},
		{mEpoch, f.Epoch},
		{mSite, f.Site},
		{mConversation, f.Conversation},
		{mTo, f.To},
		{mOperator, f.Operator},
	}
	numbers := [...]struct {
		m     member
		value uint64
	}{{mN, f.N}, {mSeq, f.Seq}, {mBeforeSeq, f.BeforeSeq}, {mLimit, uint64(max(f.Limit, 0))}, {mNotesSeq, f.NotesSeq}}
	for _, v := range numbers {
		if s.required.has(v.m) || s.optional.has(v.m) && v.value != 0 {
			w.uint(v.m.String(), v.value)
		}
	}
	for _, v := range strings {
		if s.required.has(v.m) || s.optional.has(v.m) && v.value != "" {
			w.str(v.m.String(), v.value)
		}
	}
	if s.optional.has(mHave) && f.Have != nil {
		object(w, "have", f.Have, (*writer).have)
	}
	if s.optional.has(mIdentity) && f.Identity != nil {
		object(w, "identity", f.Identity, func(w *writer, i *Identity) {
			w.str("id", i.ID)
			w.str("proof", i.Proof)
		})
	}
	if s.optional.has(mPurposes) && f.Purposes != nil {
		w.strs("purposes", f.Purposes)
	}
	if s.required.has(mOn) {
		w.bool("on", f.On)
	}
	w.close()
}

func (w *writer) have(h *Have) {
	w.str("epoch", h.Epoch)
	w.uint("seq", h.Seq)
	w.str("id", h.ID)
}
