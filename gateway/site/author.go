package site

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"

	"zgoda/botengine"
)

// What a flow's author needs of a site: its rules, to check a flow against, and
// a stand-in, to talk to a flow that has no site yet.

// AnyRules are the settings of a site that collects all that a site may collect
// and speaks the flow's languages. A flow that does not hold against them holds
// against no site.
func AnyRules(f *botengine.Flow) *botengine.Settings {
	return &botengine.Settings{
		Site: "any", Locales: f.Locales, Fallback: f.Fallback, RequireConsent: true,
		Purposes: knownPurposes, Fields: knownFields, Region: regionOf(f.Locales),
	}
}

// LoadRules reads what a site file says a flow has to hold against: its locales,
// purposes and fields, also where the site does not collect yet because a fact
// about its owner is missing. The flow that the file names is not read. The
// error is Problems.
func LoadRules(path string) (*botengine.Settings, error) {
	src, err := readLimited(path, maxFileBytes)
	if err != nil {
		return nil, Problems{{File: path, Line: 1, Column: 1, Message: unreadable(err)}}
	}
	r := &reader{file: path, places: map[string]position{}}
	root := r.document(src)
	if root == nil {
		return nil, asError(r.problems)
	}
	c := r.config(root, Options{Env: anySecret})
	r.check(c)
	if err := asError(r.problems); err != nil {
		return nil, err
	}
	return newSite(path, c, Options{}, nil).Settings, nil
}

// LoadTrial reads a site file with another flow in place of its own, to talk to:
// such a site calls nobody, so it needs no secrets, and it has no earlier flows.
// The error is Problems, those of the flow among them.
func LoadTrial(path, flowPath string, o Options) (*Site, error) {
	o.trial, o.Env = flowPath, anySecret
	return Load(path, o)
}

// anySecret stands for secrets where nothing is signed.
func anySecret(string) string { return strings.Repeat("-", minSecret) }

// trialFlow reads the flow that is tried out; its path is the author's own.
func (r *reader) trialFlow(path string, read func(string) ([]byte, error)) *botengine.Flow {
	src, err := read(path)
	if err != nil {
		r.pass(path, errors.New(unreadable(err)))
		return nil
	}
	flow, err := botengine.Parse(path, src)
	if err != nil {
		r.pass(path, err)
		return nil
	}
	return flow
}

// StandInFile is what the stand-in is called where a site's file would be named.
const StandInFile = "stand-in site"

// StandIn makes a site for trying a flow out: its owner is an example, it speaks
// the flow's languages and collects what the flow asks for. The error is
// Problems, those of the flow among them.
func StandIn(flowPath string) (*Site, error) {
	src, err := readLimited(flowPath, maxFlowBytes)
	if err != nil {
		return nil, Problems{{File: flowPath, Line: 1, Column: 1, Message: unreadable(err)}}
	}
	flow, err := botengine.Parse(flowPath, src)
	if err != nil {
		return nil, err
	}
	example, err := standInFile(flow)
	if err != nil {
		return nil, err
	}
	s, problems := build(StandInFile, example, Options{trial: flowPath}, func(string) ([]byte, error) { return src, nil })
	if err := asError(problems); err != nil {
		return nil, err
	}
	return s, nil
}

// standInFile writes the stand-in as a site file, so that it is read and checked
// as any other.
func standInFile(flow *botengine.Flow) ([]byte, error) {
	type m = map[string]any
	words := func(l string) bool { _, ok := textsFor(l); return ok }
	worded := slices.IndexFunc(flow.Locales, words)
	if worded < 0 {
		return nil, Problems{{
			File: flow.File, Line: 1, Column: 1,
			Message: fmt.Sprintf("there are no consent texts in %s, so no site can run this flow; add texts in one of cs, de, en, pl", strings.Join(flow.Locales, ", ")),
		}}
	}
	purposes, fields := collected(flow)
	codes := make([]m, len(purposes))
	for i, p := range purposes {
		codes[i] = m{"code": p}
	}
	doc := m{
		"key": "stand-in", "name": "Example shop", "flow": flow.Name,
		"controller": m{"name": "Example Ltd", "address": "1 Example Street, 00-001 Exampleton", "contact": "privacy@shop.example"},
		"processor":  m{"name": "Example Platform", "address": "2 Example Street, 00-001 Exampleton", "contact": "privacy@platform.example"},
		"origins":    []string{"https://shop.example"},
		"locales":    flow.Locales, "fallback": flow.Locales[worded], "region": regionOf(flow.Locales),
		"consent": m{
			"purposes": codes, "fields": fields, "recipients": []string{},
			"retention": m{"contact_days": 365, "proof_days": 2190},
		},
	}
	return yaml.Dump(doc)
}

// collected lists what a flow asks for: the purposes with the base first, and
// the fields with those that a purpose cannot be served without.
func collected(flow *botengine.Flow) (purposes, fields []string) {
	asked := flow.Purposes()
	for _, p := range knownPurposes {
		if p == purposeLead || slices.Contains(asked, p) {
			purposes = append(purposes, p)
			fields = append(fields, carrier[p])
		}
	}
	fields = append(fields, flow.ContactFields()...)
	return purposes, slices.DeleteFunc(slices.Clone(knownFields), func(f string) bool { return !slices.Contains(fields, f) })
}

// regionOf guesses a country from the first language, as a likely subtag.
func regionOf(locales []string) string {
	region, _ := language.Make(locales[0]).Region()
	if !region.IsCountry() {
		return "PL"
	}
	return region.String()
}
