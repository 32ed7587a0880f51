package site

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"
)

// A Privacy is what a site's administrator may change while the gateways run: who is
// responsible, what is asked and what for. Everything else stands in the site's file
// alone. It is changed as a whole, by revisions.
type Privacy struct {
	Controller Party `json:"controller"`
	// Policy is the owner's privacy policy by locale, "" for all of them; empty: the
	// card points to the information in the widget.
	Policy map[string]string `json:"privacy_policy"`
	// Require asks for consent before anything is collected.
	Require bool `json:"require"`
	// Mode is separate or bundled.
	Mode     string           `json:"mode"`
	Purposes []PrivacyPurpose `json:"purposes"`
	Fields   []string         `json:"fields"`
	// Recipients are null until somebody has stated them, [] where nobody else
	// receives the data.
	Recipients  []string `json:"recipients"`
	Storage     []string `json:"storage_locations"`
	ContactDays int      `json:"contact_days"`
	ProofDays   int      `json:"proof_days"`
	ReaskDays   int      `json:"reask_after_days"`
	// AgeLimit is 0 where nobody is asked for their age.
	AgeLimit int `json:"age_limit"`
}

// A PrivacyPurpose is what data are for, and after how many days a consent to it ends
// by itself; 0: it does not.
type PrivacyPurpose struct {
	Code      string `json:"code"`
	ValidDays int    `json:"valid_days"`
}

// ParsePrivacy reads the JSON of a Privacy, strictly.
func ParsePrivacy(text []byte) (*Privacy, error) {
	var p Privacy
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || d.More() {
		return nil, fmt.Errorf("privacy settings: not the JSON object that this needs (%w)", cmp.Or(err, errors.New("something follows it")))
	}
	return &p, nil
}

// Privacy is what the site works with, the revision in force or the file.
func (s *Site) Privacy() *Privacy { return s.privacy }

func privacyOf(c *config) *Privacy {
	p := &Privacy{
		Controller: c.controller, Policy: maps.Clone(c.policy), Require: c.consent.require, Mode: "separate", Purposes: []PrivacyPurpose{},
		Fields: append([]string{}, c.consent.fields...), Storage: append([]string{}, c.consent.storage...),
		ContactDays: c.consent.retention.ContactDays, ProofDays: c.consent.retention.ProofDays,
		ReaskDays: c.consent.reaskDays, AgeLimit: c.consent.ageLimit,
	}
	if p.Policy == nil {
		p.Policy = map[string]string{}
	}
	if c.consent.bundled {
		p.Mode = "bundled"
	}
	for _, code := range c.consent.purposes {
		p.Purposes = append(p.Purposes, PrivacyPurpose{Code: code, ValidDays: c.consent.validDays[code]})
	}
	if c.consent.recipientsGiven {
		p.Recipients = append([]string{}, c.consent.recipients...)
	}
	return p
}

// A source is what a site was made of, so that it can be made anew without looking at
// files that somebody may be editing.
type source struct {
	path  string
	text  []byte
	flows map[string][]byte
	opts  Options
}

// WithPrivacy returns the site with other privacy settings. They pass every check that
// a file passes, under each of the flow's versions. The error is Problems.
func (s *Site) WithPrivacy(p *Privacy) (*Site, error) {
	o := s.source.opts
	o.privacy = p
	made, problems := build(s.source.path, s.source.text, o, func(flow string) ([]byte, error) {
		text, ok := s.source.flows[flow]
		if !ok {
			return nil, errors.New("it was not there when the gateway started")
		}
		return text, nil
	})
	if err := asError(problems); err != nil {
		return nil, err
	}
	return made, nil
}

// lay puts privacy settings in the place of what the file says. A key that is empty is
// left out, as a person would.
func (r *reader) lay(root *yaml.Node, p *Privacy) {
	controller := map[string]any{}
	for key, value := range map[string]string{
		"name": p.Controller.Name, "address": p.Controller.Address, "contact": p.Controller.Contact, "dpo": p.Controller.DPO,
	} {
		if value != "" {
			controller[key] = value
		}
	}
	r.put(root, "controller", controller, len(controller) == 0)
	if all := p.Policy[anyLocale]; all != "" && len(p.Policy) == 1 {
		r.put(root, "privacy_policy", all, false)
	} else {
		r.put(root, "privacy_policy", p.Policy, len(p.Policy) == 0)
	}
	consent := child(root, "consent")
	if consent == nil || consent.Kind != yaml.MappingNode {
		consent = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}
		replace(root, "consent", consent)
	}
	purposes := []map[string]any{}
	for _, x := range p.Purposes {
		purpose := map[string]any{"code": x.Code}
		if x.ValidDays != 0 {
			purpose["valid_days"] = x.ValidDays
		}
		purposes = append(purposes, purpose)
	}
	r.put(consent, "require", p.Require, false)
	r.put(consent, "mode", p.Mode, p.Mode == "")
	r.put(consent, "purposes", purposes, false)
	r.put(consent, "fields", p.Fields, p.Fields == nil)
	r.put(consent, "recipients", p.Recipients, p.Recipients == nil)
	r.put(consent, "storage_locations", p.Storage, len(p.Storage) == 0)
	r.put(consent, "reask_after_days", p.ReaskDays, p.ReaskDays == 0)
	r.put(consent, "age_limit", p.AgeLimit, p.AgeLimit == 0)
	told := child(consent, "retention")
	if told == nil || told.Kind != yaml.MappingNode {
		told = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}
		replace(consent, "retention", told)
	}
	r.put(told, "contact_days", p.ContactDays, p.ContactDays == 0)
	r.put(told, "proof_days", p.ProofDays, p.ProofDays == 0)
}

// put sets a key of a mapping, or takes it out. JSON is YAML, so the checks see what
// they see of a file.
func (r *reader) put(m *yaml.Node, key string, value any, out bool) {
	if out {
		if i := keyIn(m, key); i >= 0 {
			m.Content = slices.Delete(m.Content, i, i+2)
		}
		return
	}
	text, err := json.Marshal(value)
	var doc yaml.Node
	if err == nil {
		err = yaml.Load(text, &doc)
	}
	if err != nil || len(doc.Content) == 0 {
		r.problem(position{1, 1}, "%s cannot be written down: %v", key, err)
		return
	}
	replace(m, key, doc.Content[0])
}

func keyIn(m *yaml.Node, key string) int {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func child(m *yaml.Node, key string) *yaml.Node {
	if i := keyIn(m, key); i >= 0 {
		return m.Content[i+1]
	}
	return nil
}

func replace(m *yaml.Node, key string, value *yaml.Node) {
	if i := keyIn(m, key); i >= 0 {
		m.Content[i+1] = value
		return
	}
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key, Line: 1, Column: 1}
	m.Content = append(m.Content, name, value)
}
