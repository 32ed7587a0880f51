package site

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"zgoda/botengine"
)

// Options are what a site file may leave to the gateway's own configuration.
type Options struct {
	// Processor runs the chat on the controllers' instructions: the platform. A
	// site file may name another one.
	Processor Party
	// Env looks up a variable of the environment, for secrets that do not stand in
	// a file; nil: none is set.
	Env func(name string) string

	// privacy stands in the place of what the file says, where it is set.
	privacy *Privacy
	// trial is the path of a flow that is tried out in place of the site's own.
	trial string
}

func (o Options) env() func(string) string {
	if o.Env == nil {
		return func(string) string { return "" }
	}
	return o.Env
}

// A Site is one website of one controller. It is immutable, its maps and slices
// included, and may be used from any goroutine.
type Site struct {
	Key  string
	Name string
	File string

	// Bot runs Flow, the present version. BotFor finds those of earlier ones.
	Bot      *botengine.Bot
	Flow     *botengine.Flow
	Settings *botengine.Settings
	Webhooks Webhooks
	// IdentitySecret is what the owner's server proves its visitors' names with;
	// empty: the site identifies nobody.
	IdentitySecret []byte

	Controller Party
	Processor  Party
	Authority  Authority
	// Fields are what the site wants to ask for; Settings.Fields is empty while
	// lead collection is off.
	Fields     []string
	Recipients []string
	// Storage is where data are kept, as receipts say it: countries or regions.
	Storage   []string
	Retention Retention
	// Clocks are when what is kept goes; never later than Retention tells.
	Clocks Clocks

	// Origins are the pages that may open the chat, as ValidOriginPattern
	// accepts them.
	Origins []string
	// AllowNoOrigin lets clients in that are no browsers and send no Origin.
	AllowNoOrigin bool

	Locales  []string
	Fallback string
	Region   string
	Looks    Looks

	// Warnings say what is incomplete or unwise, as file:line:column: message.
	Warnings []string

	bots        map[string]*botengine.Bot // by flow hash
	keyAt       position
	policy      map[string]string
	origins     []origin
	validDays   map[string]int
	information map[string]Information
	privacy     *Privacy
	source      source
}

// Load reads a site file and the flow it names. The error is Problems: all that
// is wrong with both files, each with its place and what would be right.
func Load(path string, o Options) (*Site, error) {
	s, problems := load(path, o)
	if err := asError(problems); err != nil {
		return nil, err
	}
	return s, nil
}

func load(path string, o Options) (*Site, Problems) {
	src, err := readLimited(path, maxFileBytes)
	if err != nil {
		return nil, Problems{{File: path, Line: 1, Column: 1, Message: unreadable(err)}}
	}
	return build(path, src, o, func(flow string) ([]byte, error) { return readLimited(flow, maxFlowBytes) })
}

// maxFlowBytes is more than the engine accepts, so that it is the engine that
// says a flow is too large.
const maxFlowBytes = 2 << 20

// readLimited reads at most one byte more than limit, which is enough to see
// that a file is too large.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// unreadable says why a file could not be read without repeating its path.
func unreadable(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "the file may not be read; check its permissions"
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Sprintf("the file cannot be read: %v", err)
}

// build makes a site from the text of its file.
func build(path string, src []byte, o Options, readFlow func(string) ([]byte, error)) (*Site, Problems) {
	r := &reader{file: path, places: map[string]position{}}
	root := r.document(src)
	if root == nil {
		return nil, r.problems
	}
	if o.privacy != nil && root.Kind == yaml.MappingNode {
		r.lay(root, o.privacy)
	}
	c := r.config(root, o)
	r.check(c)
	read := map[string][]byte{}
	flows := r.flows(c, o, func(flow string) ([]byte, error) {
		text, err := readFlow(flow)
		if err == nil {
			read[flow] = text
		}
		return text, err
	})
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	s := newSite(path, c, o, flows[0])
	s.privacy, s.source = privacyOf(&c), source{path: path, text: src, flows: read, opts: o}
	s.keyAt = r.place("key")
	s.Warnings = append(r.unsafeOrigins(c), s.gate(r, c)...)
	s.information = s.inform()
	if err := s.publish(flows); err != nil {
		r.problem(position{1, 1}, "%v", err)
		return nil, r.problems
	}
	if r.bots(s, flows); len(r.problems) > 0 {
		return nil, r.problems
	}
	return s, nil
}

// publish composes the notices for every card that a version of the flow may show.
func (s *Site) publish(flows []*botengine.Flow) error {
	s.Settings.Notices = map[string]botengine.Notice{}
	for _, flow := range flows {
		notices, err := s.notices(botengine.NoticeSets(flow, s.Settings))
		if err != nil {
			return err
		}
		maps.Copy(s.Settings.Notices, notices)
	}
	if !s.Settings.RequireConsent {
		s.Settings.Policy = "not_required:" + s.policyVersion()
	}
	return nil
}

// bots makes a bot of each version of the flow, the present one first.
func (r *reader) bots(s *Site, flows []*botengine.Flow) {
	s.bots = map[string]*botengine.Bot{}
	for i, flow := range flows {
		bot, err := botengine.NewBot(flow, s.Settings)
		if err != nil {
			r.pass(flow.File, err)
			continue
		}
		if i == 0 {
			s.Bot = bot
		}
		if s.bots[flow.Hash] == nil {
			s.bots[flow.Hash] = bot
		}
	}
}

// BotFor returns the bot of a version of the flow: a conversation stays on its own
// as long as the site file lists it. Any other hash gets the present version.
func (s *Site) BotFor(flowHash string) *botengine.Bot {
	if flowHash == s.Flow.Hash {
		return s.Bot
	}
	if bot := s.bots[flowHash]; bot != nil {
		return bot
	}
	return s.Bot
}

// checkWebhooks reports a flow that would send what nobody could check.
func (r *reader) checkWebhooks(c config, flows []*botengine.Flow) {
	for _, flow := range flows {
		if flow != nil && flow.CallsWebhooks() && len(c.webhooks.Secret) == 0 {
			r.problem(r.place("webhooks"), "the flow %q calls webhooks, and what is sent is signed; add webhooks: {secret: env:SHOP_WEBHOOK_SECRET}", flow.Name)
			return
		}
	}
}

// flows reads the present version of the flow and the earlier ones, or the one
// that is tried out.
func (r *reader) flows(c config, o Options, read func(string) ([]byte, error)) []*botengine.Flow {
	if o.trial != "" {
		return []*botengine.Flow{r.trialFlow(o.trial, read)}
	}
	flows := []*botengine.Flow{r.flow("flow", c.flow, read)}
	for i, name := range c.earlier {
		flows = append(flows, r.flow(fmt.Sprintf("earlier_flows[%d]", i), name, read))
	}
	r.checkWebhooks(c, flows)
	return flows
}

// flow reads and parses a flow that the site names under key.
func (r *reader) flow(key, name string, read func(string) ([]byte, error)) *botengine.Flow {
	if name == "" {
		return nil
	}
	path := filepath.FromSlash(name)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(r.file), path)
	}
	src, err := read(path)
	if err != nil {
		r.problem(r.place(key), "flow %q: %s (looked for %s); the path is relative to the site file", short(name), unreadable(err), short(path))
		return nil
	}
	flow, err := botengine.Parse(path, src)
	if err != nil {
		r.pass(path, err)
		return nil
	}
	return flow
}

// pass takes the engine's problems over; they name the flow's own file.
func (r *reader) pass(file string, err error) {
	if problems, ok := errors.AsType[botengine.Problems](err); ok {
		r.problems = append(r.problems, problems...)
		return
	}
	r.problems = append(r.problems, Problem{File: file, Line: 1, Column: 1, Message: err.Error()})
}

func newSite(path string, c config, o Options, flow *botengine.Flow) *Site {
	s := &Site{
		Key: c.key, Name: c.name, File: path, Flow: flow,
		Controller: c.controller, Processor: c.processor, Authority: c.consent.authority,
		Fields: c.consent.fields, Recipients: c.consent.recipients, Storage: c.consent.storage, Retention: c.consent.retention, Clocks: c.clocks,
		AllowNoOrigin: c.allowNoOrigin, Locales: c.locales, Fallback: c.fallback, Region: c.region, Looks: c.looks, IdentitySecret: c.identity,
		Webhooks: c.webhooks, policy: c.policy, origins: c.origins, validDays: c.consent.validDays,
	}
	if s.Processor == (Party{}) {
		s.Processor = o.Processor
	}
	if s.Authority == (Authority{}) {
		s.Authority = authorities[c.region]
	}
	for _, o := range c.origins {
		s.Origins = append(s.Origins, o.String())
	}
	const minuteMS, dayMS = 60_000, 24 * 60 * 60_000
	s.Settings = &botengine.Settings{
		Site: c.key, Locales: c.locales, Fallback: c.fallback,
		// Where nothing is asked there is nothing to bundle: a card for all
		// purposes would take a yes to marketing that nobody named.
		RequireConsent: c.consent.require, Bundled: c.consent.bundled && c.consent.require,
		Purposes: c.consent.purposes, Fields: c.consent.fields,
		ReaskAfterMS: int64(c.consent.reaskDays) * dayMS, SessionIdleMS: int64(c.consent.idleMinutes) * minuteMS,
		ValidMS: map[string]int64{}, Region: c.region, Hours: c.hours, AgeLimit: c.consent.ageLimit,
	}
	s.Settings.Scope = s.scope()
	for p, days := range c.consent.validDays {
		s.Settings.ValidMS[p] = int64(days) * dayMS
	}
	return s
}

// policyVersion names the text that contacts without a consent were collected
// under: the notice in the site's first language that has one.
func (s *Site) policyVersion() string {
	for _, l := range s.Locales {
		if n, ok := s.Settings.Notices[botengine.NoticeKey([]string{purposeLead}, l)]; ok {
			return n.Hash
		}
	}
	return "off"
}

// AllowsOrigin says whether a page of this origin may open the chat. It compares
// scheme, host and port as RFC 6454 does; an empty origin, which only clients
// that are no browsers send, is let in where the site allows it.
func (s *Site) AllowsOrigin(sent string) bool {
	if sent == "" {
		return s.AllowNoOrigin
	}
	o, err := parseOrigin(sent)
	return err == nil && slices.ContainsFunc(s.origins, func(allowed origin) bool { return allowed.matches(o) })
}

// PolicyURL is the site owner's own privacy policy for a locale of the site, or
// empty.
func (s *Site) PolicyURL(locale string) string {
	for _, l := range []string{locale, anyLocale, s.Fallback} {
		if link := s.policy[l]; link != "" {
			return link
		}
	}
	return ""
}
