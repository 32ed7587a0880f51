package site

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"zgoda/botengine"
)

// notices composes every text version the bot may show. Locales we have no words
// in are left out; the engine then takes the fallback.
func (s *Site) notices(sets [][]string) (map[string]botengine.Notice, error) {
	all := make(map[string]botengine.Notice, len(sets)*len(s.Locales))
	for _, locale := range s.Locales {
		t, ok := textsFor(locale)
		if !ok {
			continue
		}
		for _, purposes := range sets {
			n, err := s.notice(t, locale, purposes)
			if err != nil {
				return nil, err
			}
			all[botengine.NoticeKey(purposes, locale)] = n
		}
	}
	return all, nil
}

// notice composes one text version and names it by its content.
func (s *Site) notice(t *texts, locale string, purposes []string) (botengine.Notice, error) {
	card := s.card(t, locale, purposes)
	_, information, err := canonical(s.information[locale])
	if err != nil {
		return botengine.Notice{}, err
	}
	valid := map[string]int{}
	for _, p := range card.Purposes {
		if days := s.validDays[p.Code]; days > 0 {
			valid[p.Code] = days
		}
	}
	text, hash, err := canonical(Published{
		Version: noticeVersion, Site: s.Key, Locale: locale,
		Title: card.Title, Body: card.Body, Purposes: card.Purposes, Fields: card.Fields, Withdraw: card.Withdraw,
		Accept: card.Accept, Decline: card.Decline, Policy: card.Policy, Required: s.Settings.RequireConsent, ValidDays: valid,
		Controller: s.Controller, Processor: s.Processor, Recipients: s.Recipients,
		Retention: s.Retention, Authority: s.Authority, Information: information,
	})
	if err != nil {
		return botengine.Notice{}, err
	}
	card.Notice = hash
	return botengine.Notice{Hash: hash, Canonical: text, Card: card}, nil
}

// scope names who gets the data. Another controller, processor or recipient is
// another consent; a new address or wording of one is not (requirement C42).
func (s *Site) scope() string {
	recipients := slices.Clone(s.Recipients)
	slices.Sort(recipients)
	sum := sha256.New()
	for _, party := range append([]string{s.Controller.Name, s.Processor.Name}, slices.Compact(recipients)...) {
		fmt.Fprintf(sum, "%d:%s", len(party), party)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Cards are those that may be shown in a locale, one that asks for several purposes
// first.
func (s *Site) Cards(locale string) []botengine.Card {
	cards := []botengine.Card{}
	for _, set := range botengine.NoticeSets(s.Flow, s.Settings) {
		if n, ok := s.Settings.Notices[botengine.NoticeKey(set, locale)]; ok {
			cards = append(cards, n.Card)
		}
	}
	slices.SortStableFunc(cards, func(x, y botengine.Card) int { return len(y.Purposes) - len(x.Purposes) })
	return cards
}

// canonical encodes by RFC 8785, so that the same facts make the same bytes on
// every node and in every language, and hashes them.
func canonical(v any) (text, hash string, err error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", "", fmt.Errorf("encode notice: %w", err)
	}
	value := jsontext.Value(raw)
	if err := value.Canonicalize(); err != nil {
		return "", "", fmt.Errorf("canonicalize notice: %w", err)
	}
	sum := sha256.Sum256(value)
	return string(value), hex.EncodeToString(sum[:]), nil
}

// card words one card. Where the owner does not ask for consent, the card of the
// base purpose informs. It has labels all the same: the engine leaves the buttons
// out, but a visitor who declined once and asks for the card must be able to
// press one. Marketing is never collected without a consent, so its card stays a
// question.
func (s *Site) card(t *texts, locale string, purposes []string) botengine.Card {
	card := botengine.Card{
		Locale:   locale,
		Title:    t.Card.Titles[titleOf(purposes)],
		Body:     s.body(t, purposes),
		Purposes: codeTexts(purposes, t.Card.Purposes),
		Fields:   codeTexts(s.fieldsFor(purposes), t.Card.Fields),
		Withdraw: t.Card.Withdraw,
		Accept:   t.Card.Accept,
		Decline:  t.Card.Decline,
		Policy:   s.cardPolicy(t, locale),
	}
	if !s.Settings.RequireConsent && slices.Contains(purposes, purposeLead) {
		card.Title, card.Withdraw = t.Notice.Title, t.Notice.Withdraw
		card.Body = fill(t.Notice.Body, "controller", s.Controller.Name, "days", t.period(s.Retention.ContactDays))
	}
	return card
}

// titleOf names the title of a set of purposes.
func titleOf(purposes []string) string {
	switch {
	case len(purposes) == 1:
		return purposes[0]
	case slices.Contains(purposes, purposeLead):
		return "bundled"
	}
	return "marketing"
}

// body says who asks, what for, for how long, and that no is a good answer. Its
// lines are paragraphs.
func (s *Site) body(t *texts, purposes []string) string {
	var channels []string
	for _, p := range purposes {
		if c := t.Card.Channels[p]; c != "" {
			channels = append(channels, c)
		}
	}
	request, retention := t.Card.Lead, t.Card.Retention
	switch {
	case len(channels) == len(purposes):
		request, retention = t.Card.Marketing, t.Card.RetentionMarketing
	case len(channels) > 0:
		request = t.Card.Bundled
	}
	lines := []string{
		fill(request, "controller", s.Controller.Name, "channels", t.list(channels)),
		fill(retention, "days", t.period(s.Retention.ContactDays)),
	}
	if days := s.validFor(purposes); days > 0 {
		lines[1] += " " + fill(t.Card.Valid, "days", t.period(days))
	}
	if slices.Contains(purposes, purposeLead) {
		lines = append(lines, t.Card.Voluntary)
	}
	return strings.Join(lines, "\n")
}

// validFor is the longest validity among the purposes, 0 where one has no end.
func (s *Site) validFor(purposes []string) int {
	longest := 0
	for _, p := range purposes {
		days := s.validDays[p]
		if days == 0 {
			return 0
		}
		longest = max(longest, days)
	}
	return longest
}

// fieldsFor lists the fields that serve the purposes: all for the enquiry; for
// marketing the channel's own, and the name to address the person by.
func (s *Site) fieldsFor(purposes []string) []string {
	if slices.Contains(purposes, purposeLead) {
		return s.Fields
	}
	var fields []string
	for _, f := range s.Fields {
		if f == fieldName || slices.ContainsFunc(purposes, func(p string) bool { return carrier[p] == f }) {
			fields = append(fields, f)
		}
	}
	return fields
}

func (s *Site) cardPolicy(t *texts, locale string) botengine.NoticePolicy {
	if link := s.PolicyURL(locale); link != "" {
		return botengine.NoticePolicy{Mode: "link", URL: link, Label: t.Card.Policy}
	}
	return botengine.NoticePolicy{Mode: "widget", Label: t.Card.Panel}
}

func codeTexts(codes []string, words map[string]string) []botengine.CardText {
	list := make([]botengine.CardText, len(codes))
	for i, c := range codes {
		list[i] = botengine.CardText{Code: c, Text: words[c]}
	}
	return list
}
