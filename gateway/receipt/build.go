package receipt

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"zgoda/gateway/site"
	"zgoda/persistence"
)

// Errors of Build that callers branch on.
var (
	// ErrNothing means that the visitor was asked nothing yet.
	ErrNothing = errors.New("there is no consent event to give a receipt for")
	// ErrNoText means that a text that was shown is not among the notices.
	ErrNoText = errors.New("a text that was shown is missing")
)

// An Order asks for a receipt.
type Order struct {
	Site *site.Site
	// Ledger holds the visitor's consent events, oldest first, and the texts they
	// point at. Its entries need no numbers and hashes: they may come from the
	// visitor's profile, before the ledger has them.
	Ledger persistence.Proof
	// ID names the receipt, Now is when it is made.
	ID  string
	Now time.Time
}

// Build makes a receipt. Errors are ErrNothing, ErrNoText, or a text that this
// version cannot read.
func Build(o Order) (*Receipt, error) {
	if len(o.Ledger.Entries) == 0 {
		return nil, ErrNothing
	}
	b := builder{Order: o, texts: map[string]site.Published{}}
	if err := b.read(); err != nil {
		return nil, fmt.Errorf("build receipt: %w", err)
	}
	first := o.Ledger.Entries[0]
	r := &Receipt{
		SchemaVersion: SchemaVersion, ReceiptID: o.ID, RecordID: first.ID, Created: o.Now.UTC().Truncate(time.Millisecond),
		PIIPrincipalID: "urn:zgoda:visitor:" + o.Ledger.Site + ":" + o.Ledger.Visitor, Site: o.Ledger.Site, Visitor: o.Ledger.Visitor,
		Language: b.newest.Locale, Jurisdiction: jurisdiction(o.Site.Region),
		Notices: b.notices, Parties: b.parties(), ErasedAt: b.erasedAt,
	}
	for _, purpose := range persistence.Purposes {
		if p, any := b.processing(purpose); any {
			r.Processing = append(r.Processing, p)
		}
	}
	if last := o.Ledger.Entries[len(o.Ledger.Entries)-1]; last.Hash != "" {
		r.Integrity = &Integrity{ChainSeq: last.Seq, ChainHead: last.Hash, JWKS: JWKSPath}
	}
	return r, nil
}

type builder struct {
	Order
	notices  []Notice
	texts    map[string]site.Published
	newest   site.Published // zero where nothing was shown
	erasedAt time.Time
}

// read collects the texts that the events point at, in their order.
func (b *builder) read() error {
	for i := range b.Ledger.Entries {
		e := &b.Ledger.Entries[i]
		if e.Kind == persistence.KindErased {
			b.erasedAt = e.OccurredAt
		}
		if e.Notice == "" {
			continue
		}
		if _, known := b.texts[e.Notice]; !known {
			at := slices.IndexFunc(b.Ledger.Notices, func(n persistence.Notice) bool { return n.Hash == e.Notice })
			if at < 0 {
				return fmt.Errorf("%w: %s", ErrNoText, e.Notice)
			}
			n := b.Ledger.Notices[at]
			text, err := site.ReadNotice(n.Canonical)
			if err != nil {
				return err
			}
			b.texts[e.Notice] = text
			b.notices = append(b.notices, Notice{SHA256: n.Hash, Language: n.Locale, Canonical: n.Canonical})
		}
		b.newest = b.texts[e.Notice]
	}
	return nil
}

// parties are those the visitor was told of last.
func (b *builder) parties() []Party {
	controller, processor, authority := b.newest.Controller, b.newest.Processor, b.newest.Authority
	if b.newest.Version == 0 {
		controller, processor, authority = b.Site.Controller, b.Site.Processor, b.Site.Authority
	}
	party := func(id, role string, p site.Party) Party {
		return Party{ID: id, Role: role, Type: "organisation", Name: p.Name, Address: p.Address, Contact: p.Contact, DPO: p.DPO}
	}
	list := []Party{party("controller:"+b.Ledger.Site, "controller", controller), party("processor", "processor", processor)}
	if authority.Name != "" {
		list = append(list, Party{
			ID: "authority", Role: "authority", Type: "authority", Name: authority.Name,
			Address: cmp.Or(authority.URL, authority.Name), Contact: authority.URL,
		})
	}
	return list
}

// Words for what the ledger says in its own.
var (
	piiTypes = map[string]string{"name": "pd:Name", "email": "pd:EmailAddress", "phone": "pd:TelephoneNumber"}
	states   = map[string]string{persistence.KindErased: "terminated"}
	rights   = []string{
		"eu-gdpr:A7-3", "eu-gdpr:A13", "eu-gdpr:A15", "eu-gdpr:A16", "eu-gdpr:A17", "eu-gdpr:A18", "eu-gdpr:A20", "eu-gdpr:A77",
	}
)

const (
	lawfulBasis      = "eu-gdpr:A6-1-a"
	collectionMethod = "chat, entered by the person"
	untilWithdrawn   = "until the consent is withdrawn or ends; at most for the period after the person last gave a value"
	notStated        = "not stated by the controller"
)

// processing returns what the ledger says of one purpose; any is false where it
// says nothing.
func (b *builder) processing(purpose string) (p Processing, any bool) {
	p = Processing{
		Purpose: purpose, LawfulBasis: lawfulBasis, CollectionMethod: collectionMethod, PrivacyRights: rights,
		RetentionPeriod: notStated, RetentionCondition: untilWithdrawn, StorageLocations: b.Site.Storage,
		PIIInformation: []PIIInformation{}, RecipientThirdParty: []string{}, SpecialCategoryOfPII: "none",
		WithdrawalMethod: WithdrawalMethod{Description: "in the chat, under privacy"},
	}
	if len(p.StorageLocations) == 0 {
		p.StorageLocations = []string{notStated}
	}
	for i := range b.Ledger.Entries {
		e := &b.Ledger.Entries[i]
		// An erasure ends every purpose; the ledger notes it once.
		if e.Purpose != purpose && (e.Kind != persistence.KindErased || len(p.Events) == 0) {
			continue
		}
		ev := b.event(e)
		p.Events = append(p.Events, ev)
		// An answer that was put off does not end a consent that is in force.
		if ev.State != persistence.KindRequested && ev.State != persistence.KindDeferred || p.Status != persistence.KindGranted {
			p.Status = ev.State
		}
		if text, shown := b.texts[e.Notice]; shown {
			p.describe(text, e.Notice)
		}
	}
	return p, len(p.Events) > 0
}

// describe takes over what a text told.
func (p *Processing) describe(text site.Published, hash string) {
	p.PrivacyNotice, p.Language = hash, text.Locale
	p.WithdrawalMethod.Description = text.Withdraw
	p.RecipientThirdParty = append([]string{}, text.Recipients...)
	if text.Retention.ContactDays > 0 {
		p.RetentionPeriod = days(text.Retention.ContactDays)
	}
	for _, c := range text.Purposes {
		if c.Code == p.Purpose {
			p.PurposeText = c.Text
		}
	}
	p.PIIInformation = p.PIIInformation[:0:0]
	for _, f := range text.Fields {
		// No field is a condition of anything else, and each question can be left
		// unanswered.
		p.PIIInformation = append(p.PIIInformation, PIIInformation{Type: cmp.Or(piiTypes[f.Code], f.Code), Text: f.Text, Optional: true})
	}
}

func (b *builder) event(e *persistence.ProofEntry) Event {
	ev := Event{
		EventID: e.ID, State: cmp.Or(states[e.Kind], e.Kind), Type: "expressed", Time: e.OccurredAt.UTC(),
		EntityID: entity(e.Actor), Method: e.Method, ValidUntil: e.ValidUntil,
		PrivacyNotice: e.Notice, Language: e.Locale, RequestEventID: e.Request,
	}
	if !e.RecordedAt.IsZero() {
		ev.RecordedAt = e.RecordedAt.UTC()
	}
	if e.Grant != e.ID {
		ev.GrantEventID = e.Grant
	}
	ev.ValidityDuration = b.validity(e)
	return ev
}

func (b *builder) validity(e *persistence.ProofEntry) string {
	switch e.Kind {
	case persistence.KindRequested:
		return "until_answered"
	case persistence.KindGranted:
		if e.ValidUntil.IsZero() {
			return "until_withdrawn"
		}
		return period(e.ValidUntil.Sub(e.OccurredAt))
	case persistence.KindDeclined, persistence.KindWithdrawn:
		// For as long the bot does not bring it up again by itself.
		return period(time.Duration(b.Site.Settings.ReaskAfterMS) * time.Millisecond)
	case persistence.KindErased:
		return "final"
	}
	return "until_granted"
}

// entity names who acted by role. Which operator it was is the controller's own
// record, and no business of a receipt.
func entity(actor string) string {
	kind, _, _ := strings.Cut(actor, ":")
	switch kind {
	case "visitor":
		return "data_subject"
	case "system":
		return "processor"
	}
	return "controller"
}

func days(n int) string { return "P" + strconv.Itoa(n) + "D" }

// period writes a duration by ISO 8601, in days where it is of whole days.
func period(d time.Duration) string {
	const day = 24 * time.Hour
	if d <= 0 {
		return "PT0S"
	}
	if d%day == 0 {
		return days(int(d / day))
	}
	return "PT" + strconv.FormatInt(int64(d/time.Second), 10) + "S"
}

// jurisdiction names the country, and the Union where it is a part of it.
func jurisdiction(region string) []string {
	list := []string{region}
	country, err := language.ParseRegion(region)
	if err == nil && language.MustParseRegion("EU").Contains(country) {
		list = append(list, "EU")
	}
	return list
}
