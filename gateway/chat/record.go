package chat

import (
	"time"

	"zgoda/botengine"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// recordOf turns an entry of the engine into a record for the contact store.
func recordOf(st *site.Site, c *persistence.Commit, e *botengine.Entry) *persistence.Record {
	at := time.UnixMilli(e.At).UTC()
	r := &persistence.Record{Site: c.Site, Visitor: c.Visitor, VSeq: e.VSeq, At: at, Trace: c.Trace}
	switch e.Kind {
	case botengine.EntrySeen:
		r.Seen = true
	case botengine.EntryContact:
		r.Contact = &persistence.ContactRecord{
			Grant: e.Grant, GrantedVSeq: e.GrantVSeq, Policy: e.Policy,
			Fields: e.Fields, Conversation: c.Conversation,
		}
		if e.GivenAt > 0 && e.GivenAt < e.At {
			r.Contact.GivenAt = time.UnixMilli(e.GivenAt).UTC()
		}
		if e.Policy != "" {
			r.Contact.KeepDays = st.Retention.ContactDays
		}
	case botengine.EntryRestrict:
		r.Restrict = &persistence.Restriction{ID: e.ID, On: e.On, Actor: e.Actor, Method: e.Method}
	case botengine.EntryErase:
		r.Erase = &persistence.Erasure{ID: e.ID, Actor: e.Actor, Method: e.Method}
	default:
		r.Entry = &persistence.LedgerEntry{
			ID: e.ID, Purpose: e.Purpose, Kind: e.Kind, Request: e.Request, Grant: e.Grant,
			Notice: e.Notice, Locale: e.Locale, Actor: e.Actor, Method: e.Method, OccurredAt: at,
		}
		if e.ValidUntil > 0 {
			r.Entry.ValidUntil = time.UnixMilli(e.ValidUntil).UTC()
		}
		if e.Kind == persistence.KindRequested {
			r.Entry.NoticeText = noticeText(st.Settings, e.Notice)
		}
	}
	return r
}

// noticeText finds the published text by its hash. It travels with the request,
// so that the ledger never points at a text it does not have.
func noticeText(settings *botengine.Settings, hash string) *persistence.Notice {
	for _, n := range settings.Notices {
		if n.Hash == hash {
			return &persistence.Notice{Hash: n.Hash, Locale: n.Card.Locale, Canonical: n.Canonical}
		}
	}
	return nil
}
