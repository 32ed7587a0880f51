package protocol

// staff writes a frame that only operators get, or a read mark. It reports false
// for what is none.
func (w *writer) staff(frame any) bool {
	switch f := frame.(type) {
	case *Seen:
		w.seen(f)
	case Seen:
		w.seen(&f)
	case *Welcome:
		w.welcome(f)
	case Welcome:
		w.welcome(&f)
	case *Inbox:
		w.inbox(f)
	case Inbox:
		w.inbox(&f)
	case *Watching:
		w.watching(f)
	case Watching:
		w.watching(&f)
	case *Log:
		w.log(f)
	case Log:
		w.log(&f)
	case *Older:
		w.older(f)
	case Older:
		w.older(&f)
	case *Notes:
		w.notes(f)
	case Notes:
		w.notes(&f)
	case *Presence:
		w.presence(f)
	case Presence:
		w.presence(&f)
	case *Gone:
		w.gone(f)
	case Gone:
		w.gone(&f)
	default:
		return false
	}
	return true
}

// about writes which conversation an operator's frame is about.
func (w *writer) about(site, conversation string) {
	w.optStr("site", site)
	w.optStr("conversation", conversation)
}

// of writes the same where it is always there.
func (w *writer) of(site, conversation string) {
	w.str("site", site)
	w.str("conversation", conversation)
}

func (w *writer) seen(f *Seen) {
	w.frame(TypeSeen)
	w.str("from", f.From)
	w.uint("seq", f.Seq)
	w.about(f.Site, f.Conversation)
	w.close()
}

func (w *writer) welcome(f *Welcome) {
	w.frame(TypeWelcome)
	object(w, "operator", &f.Operator, (*writer).colleague)
	array(w, "sites", f.Sites, (*writer).staffSite)
	w.int("now", f.Now)
	w.int("session_expires_at", f.SessionExpiresAt)
	w.int("lease_ms", f.LeaseMS)
	object(w, "limits", &f.Limits, (*writer).limits)
	w.close()
}

func (w *writer) staffSite(s *StaffSite) {
	w.str("site", s.Site)
	w.str("name", s.Name)
	w.strs("roles", s.Roles)
	w.strs("locales", s.Locales)
	w.strs("purposes", s.Purposes)
}

func (w *writer) colleague(c *Colleague) {
	w.str("id", c.ID)
	w.str("name", c.Name)
	w.optBool("away", c.Away)
	w.optInt("conversations", int64(c.Conversations))
	w.optStrs("watching", c.Watching)
}

func (w *writer) inbox(f *Inbox) {
	w.frame(TypeInbox)
	w.str("site", f.Site)
	w.str("epoch", f.Epoch)
	w.uint("seq", f.Seq)
	array(w, "rows", f.Rows, (*writer).row)
	w.optBool("reset", f.Reset)
	w.optBool("more", f.More)
	w.close()
}

func (w *writer) row(r *Row) {
	w.str("conversation", r.Conversation)
	w.str("owner", r.Owner)
	w.optStr("operator", r.Operator)
	w.optStr("queue", r.Queue)
	w.int("since", r.Since)
	w.int("at", r.At)
	w.int("unread", int64(r.Unread))
	w.optStr("preview", r.Preview)
	w.optStr("locale", r.Locale)
	w.optStr("page", r.Page)
	w.key("consents")
	w.open()
	for _, purpose := range sortedKeys(r.Consents) {
		w.mapKey(purpose)
		w.quote(r.Consents[purpose])
	}
	w.close()
	w.optBool("gone", r.Gone)
}

func (w *writer) watching(f *Watching) {
	w.frame(TypeWatching)
	w.of(f.Site, f.Conversation)
	w.str("visitor", f.Visitor)
	w.str("resume", f.Resume)
	w.str("epoch", f.Epoch)
	w.uint("seq", f.Seq)
	w.uint("first", f.First)
	w.uint("last_n", f.LastN)
	object(w, "state", &f.State, (*writer).staffState)
	w.close()
}

func (w *writer) staffState(s *StaffState) {
	w.str("owner", s.Owner)
	w.optStr("operator", s.Operator)
	w.optStr("name", s.Name)
	w.optStr("queue", s.Queue)
	w.int("since", s.Since)
	w.int("unread", int64(s.Unread))
	w.str("locale", s.Locale)
	w.optStr("page", s.Page)
	w.consents(s.Consents)
	object(w, "expect", &s.Expect, (*writer).expect)
	w.strs("held", s.Held)
	w.optBool("card_sent", s.CardSent)
	w.optUint("seen_visitor", s.SeenVisitor)
	w.optUint("seen_operator", s.SeenOperator)
}

func (w *writer) log(f *Log) {
	w.frame(TypeLog)
	w.of(f.Site, f.Conversation)
	w.str("epoch", f.Epoch)
	array(w, "events", f.Events, (*writer).event)
	w.optBool("more", f.More)
	if f.State != nil {
		object(w, "state", f.State, (*writer).staffState)
	}
	w.optBool("removed", f.Removed)
	w.close()
}

func (w *writer) older(f *Older) {
	w.frame(TypeOlder)
	w.of(f.Site, f.Conversation)
	w.uint("before_seq", f.BeforeSeq)
	array(w, "events", f.Events, (*writer).event)
	w.bool("more", f.More)
	w.close()
}

func (w *writer) notes(f *Notes) {
	w.frame(TypeNotes)
	w.of(f.Site, f.Conversation)
	w.uint("seq", f.Seq)
	array(w, "notes", f.Notes, (*writer).note)
	w.optBool("reset", f.Reset)
	w.close()
}

func (w *writer) note(n *Note) {
	w.uint("seq", n.Seq)
	w.str("id", n.ID)
	w.int("at", n.At)
	w.str("kind", n.Kind)
	w.optStr("operator", n.Operator)
	w.optStr("name", n.Name)
	w.optStr("to", n.To)
	if n.Text != nil {
		array(w, "text", n.Text, (*writer).part)
	}
}

func (w *writer) presence(f *Presence) {
	w.frame(TypePresence)
	w.str("site", f.Site)
	array(w, "operators", f.Operators, (*writer).colleague)
	w.close()
}

func (w *writer) gone(f *Gone) {
	w.frame(TypeGone)
	w.of(f.Site, f.Conversation)
	w.str("reason", string(f.Reason))
	w.close()
}

func (w *writer) inboxTop(p *InboxTop) {
	w.str("site", p.Site)
	w.str("epoch", p.Epoch)
	w.uint("seq", p.Seq)
}

func (w *writer) logTop(p *LogTop) {
	w.of(p.Site, p.Conversation)
	w.str("epoch", p.Epoch)
	w.uint("seq", p.Seq)
}
