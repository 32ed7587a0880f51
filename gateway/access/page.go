package access

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// WriteHTML writes the document as one page, in its language where there are
// words for it, else in English.
func (d *Document) WriteHTML(w io.Writer) error {
	if err := pageTemplate.Execute(w, d.page()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// A page is what the template shows: text, in order, in the words of a language.
type page struct {
	*Document
	W        words
	Lang     string
	Facts    []fact
	Values   []fact
	Answers  []answer
	History  []entry
	Texts    []shown
	Lines    []line
	AsOfText string
}

type fact struct{ Name, Value, Link string }

type answer struct{ Purpose, Status, Class, Since, Until string }

type entry struct{ When, Purpose, Kind, Who, Text string }

// shown is a text that was shown, as it was.
type shown struct {
	ID, Lang, Title     string
	Body                []string
	Withdraw            string
	Accept, Decline     string
	PolicyURL, PolicyAs string
}

type line struct {
	When, Who, Class string
	Parts            []protocol.Part
	Options          []string
	Card             string
}

func (d *Document) page() *page {
	lang, _, _ := strings.Cut(d.Language, "-")
	w, ok := vocabulary[lang]
	if !ok {
		w, lang = vocabulary["en"], "en"
	}
	p := &page{Document: d, W: w, Lang: lang, AsOfText: stamp(d.AsOf)}
	p.facts()
	p.values()
	p.consents()
	p.texts()
	p.lines()
	return p
}

func (p *page) facts() {
	add := func(name, value, link string) {
		if value != "" {
			p.Facts = append(p.Facts, fact{name, value, link})
		}
	}
	w := p.W
	add(w.Visitor, p.Visitor, "")
	if !p.ErasedAt.IsZero() {
		add(w.Erased, stamp(p.ErasedAt), "")
	}
	add(w.Controller, party(p.Controller), "")
	add(w.DPO, p.Controller.DPO, "")
	add(w.Processor, party(p.Processor), "")
	recipients := strings.Join(p.Recipients, "; ")
	if recipients == "" {
		recipients = w.Nobody
	}
	add(w.Recipients, recipients, "")
	add(w.Storage, strings.Join(p.Storage, ", "), "")
	r := p.Retention
	for _, kept := range []struct {
		what string
		days int
	}{{w.KeptContact, r.ContactDays}, {w.KeptTranscript, r.TranscriptDays}, {w.KeptProof, r.ProofDays}} {
		if kept.days > 0 {
			add(kept.what, fmt.Sprintf(w.Days, kept.days), "")
		}
	}
	add(w.Authority, p.Authority.Name, p.Authority.URL)
	add(w.Policy, p.PolicyURL, p.PolicyURL)
}

func party(p site.Party) string {
	parts := slices.DeleteFunc([]string{p.Name, p.Address, p.Contact}, func(s string) bool { return s == "" })
	return strings.Join(parts, ", ")
}

func (p *page) values() {
	if p.Contact == nil {
		return
	}
	usual := []string{"name", "email", "phone"}
	var rest []string
	for f := range p.Contact.Fields {
		if !slices.Contains(usual, f) {
			rest = append(rest, f)
		}
	}
	slices.Sort(rest)
	for _, f := range append(usual, rest...) {
		if v, ok := p.Contact.Fields[f]; ok {
			p.Values = append(p.Values, fact{p.W.of(p.W.Fields, f), v, ""})
		}
	}
	if !p.Contact.CollectedAt.IsZero() {
		p.Values = append(p.Values, fact{p.W.Given, stamp(p.Contact.CollectedAt), ""})
	}
	if !p.Contact.RestrictedAt.IsZero() {
		p.Values = append(p.Values, fact{p.W.Restricted, stamp(p.Contact.RestrictedAt), ""})
	}
	if p.Contact.Policy != "" {
		p.Values = append(p.Values, fact{p.W.Basis, p.W.NotAsked, ""})
	}
}

func (p *page) consents() {
	w := p.W
	for _, c := range p.Consents {
		a := answer{Purpose: w.of(w.Purposes, c.Purpose), Status: w.of(w.Kinds, c.Status), Class: c.Status, Since: stamp(c.Since)}
		if !c.ValidUntil.IsZero() {
			a.Until = stamp(c.ValidUntil)
		}
		p.Answers = append(p.Answers, a)
	}
	for i := range p.Ledger.Entries {
		e := &p.Ledger.Entries[i]
		role, _, _ := strings.Cut(e.Actor, ":")
		h := entry{When: stamp(e.OccurredAt), Purpose: w.of(w.Purposes, e.Purpose), Kind: w.of(w.Kinds, e.Kind), Who: w.of(w.Actors, role)}
		if len(e.Notice) >= 8 {
			h.Text = e.Notice[:8]
		}
		p.History = append(p.History, h)
	}
}

func (p *page) texts() {
	for _, n := range p.Ledger.Notices {
		t, err := site.ReadNotice(n.Canonical)
		if err != nil || len(n.Hash) < 8 {
			continue // the JSON has it as it is
		}
		p.Texts = append(p.Texts, shown{
			ID: n.Hash[:8], Lang: t.Locale, Title: t.Title, Body: strings.Split(t.Body, "\n"), Withdraw: t.Withdraw,
			Accept: t.Accept, Decline: t.Decline, PolicyURL: t.Policy.URL, PolicyAs: t.Policy.Label,
		})
	}
}

func (p *page) lines() {
	w := p.W
	for i := range p.Transcript.Events {
		e := &p.Transcript.Events[i]
		l := line{When: stamp(time.UnixMilli(e.At)), Who: w.of(w.Actors, e.From), Class: e.From, Parts: e.Text}
		for _, o := range e.Options {
			l.Options = append(l.Options, o.Label)
		}
		switch e.Kind {
		case "card":
			if e.Card != nil {
				l.Card = e.Card.Title
			}
		case "decision", "withdrawal":
			var purposes []string
			for _, code := range e.Purposes {
				purposes = append(purposes, w.of(w.Purposes, code))
			}
			kind := map[string]string{"grant": "granted", "decline": "declined", "": "withdrawn"}[e.Answer]
			l.Card = w.of(w.Kinds, kind) + ": " + strings.Join(purposes, ", ")
		}
		if len(l.Parts) > 0 || len(l.Options) > 0 || l.Card != "" {
			p.Lines = append(p.Lines, l)
		}
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
