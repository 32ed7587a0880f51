package site

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"

	"zgoda/botengine"
)

// A Party is somebody a visitor is told about: the controller, who owns the site
// and decides, or the processor, who runs the chat on the controller's
// instructions.
type Party struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	// Contact is an e-mail address or an https URL.
	Contact string `json:"contact"`
	// DPO is how to reach the data protection officer, empty where there is none.
	DPO string `json:"dpo,omitzero"`
}

// Retention says how long data is kept, in days. Zero: not stated.
type Retention struct {
	ContactDays    int `json:"contact_days"`
	ProofDays      int `json:"proof_days"`
	TranscriptDays int `json:"transcript_days"`
}

// Clocks say after how many days what is kept goes. Zero: never by itself.
type Clocks struct {
	// ContactDays counts from the last time the person gave a value, ProofDays from
	// the end of the last consent or the last answer.
	ContactDays int `json:"contact_days"`
	ProofDays   int `json:"proof_days"`
}

// Defaults and bounds of the consent rules.
const (
	minReaskDays       = 180
	defaultIdleMinutes = 30
	defaultTranscript  = 7
	maxDays            = 3650
	maxProofDays       = 7300
)

// config is a site file as it was read, before it is checked as a whole.
type config struct {
	key, name     string
	controller    Party
	processor     Party
	policy        map[string]string // by locale; anyLocale for all
	origins       []origin
	allowNoOrigin bool
	locales       []string
	fallback      string
	region        string
	flow          string
	earlier       []string
	hours         *botengine.Hours
	webhooks      Webhooks
	consent       consentConfig
	clocks        Clocks
	looks         Looks
	identity      []byte
}

type consentConfig struct {
	require, bundled       bool
	reaskDays, idleMinutes int
	purposes               []string
	validDays              map[string]int
	fields                 []string
	recipients             []string
	recipientsGiven        bool
	storage                []string
	retention              Retention
	authority              Authority
	ageLimit               int
}

// anyLocale is the key of a policy link that is the same in every locale.
const anyLocale = ""

var keyPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// config reads the whole file.
func (r *reader) config(root *yaml.Node, o Options) config {
	m := r.mapping(root, "", "key", "name", "controller", "processor", "privacy_policy", "origins", "allow_no_origin",
		"locales", "fallback", "region", "flow", "earlier_flows", "hours", "webhooks", "consent", "retention", "looks", "identity")
	if root.Kind != yaml.MappingNode {
		return config{}
	}
	m.need("key", "key: demo")
	m.need("name", "name: My shop")
	m.need("flow", "flow: ../flows/lead.yaml")
	c := config{
		key:           m.text("key"),
		name:          m.text("name"),
		controller:    r.party(m, "controller", true),
		processor:     r.party(m, "processor", false),
		allowNoOrigin: m.boolean("allow_no_origin", false),
		fallback:      m.text("fallback"),
		flow:          m.text("flow"),
	}
	if c.key != "" && !keyPattern.MatchString(c.key) {
		r.problem(at(m.vals["key"]), "key %q must be 1 to 40 of a-z, 0-9 and -, a letter first", short(c.key))
	}
	c.origins = r.origins(m, c.allowNoOrigin)
	c.locales = r.locales(m)
	c.region = r.region(m)
	c.policy = r.policy(m, c.locales)
	c.earlier = r.earlierFlows(m)
	c.hours = r.hours(m)
	c.webhooks = r.webhooks(m, o.env())
	c.consent = r.consent(m)
	c.clocks = r.clocks(m, c.consent.retention)
	c.looks = r.looks(m, c)
	c.identity = r.identity(m, o.env())
	return c
}

func (r *reader) party(m mapping, key string, withDPO bool) Party {
	known := []string{"name", "address", "contact"}
	if withDPO {
		known = append(known, "dpo")
	}
	p := r.mapping(m.vals[key], m.child(key), known...)
	party := Party{Name: p.text("name"), Address: p.text("address"), Contact: p.text("contact"), DPO: p.text("dpo")}
	for _, k := range []string{"contact", "dpo"} {
		if s := map[string]string{"contact": party.Contact, "dpo": party.DPO}[k]; s != "" && !reachable(s) {
			r.problem(at(p.vals[k]), "%s %q is neither an e-mail address nor an https:// address; visitors must be able to reach it", p.child(k), short(s))
		}
	}
	return party
}

// reachable accepts an e-mail address or an https URL.
func reachable(s string) bool {
	if strings.Contains(s, "://") {
		return checkURL(s) == nil
	}
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || len(s) > 254 {
		return false
	}
	_, host, _ := strings.Cut(s, "@")
	return strings.Contains(host, ".") && !strings.ContainsAny(s, `["`)
}

// checkURL accepts an absolute https URL that names a public host.
func checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "" || strings.ContainsAny(s, " <>\"`"):
		return fmt.Errorf("%q is not an address; write it as the browser shows it, from https:// on", short(s))
	case strings.EqualFold(u.Scheme, "http"):
		return fmt.Errorf("%q is not protected on its way; the address must begin with https://", short(s))
	case !strings.EqualFold(u.Scheme, "https"):
		return fmt.Errorf("%q must begin with https://", short(s))
	case u.User != nil:
		return fmt.Errorf("%q has a user name in it; remove it", short(s))
	case !strings.Contains(u.Hostname(), "."):
		return fmt.Errorf("%q has no full host name, as shop.example", short(s))
	}
	return nil
}

func (r *reader) origins(m mapping, mayBeEmpty bool) []origin {
	const example = "origins: [https://shop.example]"
	if !mayBeEmpty {
		m.need("origins", example)
	}
	items, ok := m.list("origins")
	if ok && len(items) == 0 && !mayBeEmpty {
		r.problem(at(m.vals["origins"]), "origins is empty, so no page may open the chat; for example %s", example)
	}
	var all []origin
	for i, n := range items {
		path := fmt.Sprintf("origins[%d]", i)
		s := r.text(n, path)
		if s == "" {
			continue
		}
		o, err := parsePattern(s)
		switch {
		case err != nil:
			r.problem(at(n), "%s: %v", path, err)
		case slices.Contains(all, o):
			r.problem(at(n), "%s: %s is listed twice", path, o)
		default:
			all = append(all, o)
			r.places[path] = at(n)
		}
	}
	return all
}

func (r *reader) locales(m mapping) []string {
	const example = "locales: [pl, en]"
	m.need("locales", example)
	items, ok := m.list("locales")
	if ok && len(items) == 0 {
		r.problem(at(m.vals["locales"]), "locales is empty; for example %s", example)
	}
	var all []string
	for i, n := range items {
		path := fmt.Sprintf("locales[%d]", i)
		s := r.text(n, path)
		if s == "" {
			continue
		}
		tag, err := language.Parse(s)
		switch {
		case err != nil:
			r.problem(at(n), "%s: %q is not a language tag such as pl or en-GB", path, short(s))
		case tag.String() != s:
			r.problem(at(n), "%s: %q is written %q", path, short(s), tag)
		case slices.Contains(all, s):
			r.problem(at(n), "%s: %q is listed twice", path, s)
		default:
			all = append(all, s)
			r.places[path] = at(n)
		}
	}
	return all
}

func (r *reader) region(m mapping) string {
	m.need("region", "region: PL")
	s := m.text("region")
	if s == "" {
		return ""
	}
	region, err := language.ParseRegion(s)
	if err != nil || !region.IsCountry() || region.String() != s {
		r.problem(at(m.vals["region"]), "region %q is not a country code of two capital letters, as PL", short(s))
		return ""
	}
	return s
}

// policy reads one link for all locales, or one per locale.
func (r *reader) policy(m mapping, locales []string) map[string]string {
	n := m.vals["privacy_policy"]
	if n == nil {
		return nil
	}
	links := map[string]string{}
	if n.Kind != yaml.MappingNode {
		links[anyLocale] = r.link(n, "privacy_policy")
		return links
	}
	p := r.mapping(n, "privacy_policy", locales...)
	for _, l := range locales {
		if v := p.vals[l]; v != nil {
			links[l] = r.link(v, p.child(l))
		}
	}
	return links
}

func (r *reader) link(n *yaml.Node, path string) string {
	s := r.text(n, path)
	if s == "" {
		return ""
	}
	if err := checkURL(s); err != nil {
		r.problem(at(n), "%s %v", path, err)
	}
	return s
}

// maxEarlier bounds how many earlier versions of the flow a node keeps.
const maxEarlier = 20

// earlierFlows reads the files of earlier versions of the flow.
func (r *reader) earlierFlows(m mapping) []string {
	items, _ := m.list("earlier_flows")
	if len(items) > maxEarlier {
		r.problem(at(m.vals["earlier_flows"]), "earlier_flows has more than %d files; conversations on older versions go on at a safe step of the present one", maxEarlier)
	}
	var files []string
	for i, n := range items {
		path := fmt.Sprintf("earlier_flows[%d]", i)
		if s := r.text(n, path); s != "" {
			files = append(files, s)
			r.places[path] = at(n)
		}
	}
	return files
}
